//! One request and its answer, seen from both ends.

use http::Request;

use super::http2::Whole;
use super::message::{Head, Response};
use super::stage::Stage;
use super::wire::Wire;

impl Stage {
    /// Sends a request over a new HTTP/1.1 connection and answers it: what the origin saw, and what
    /// the client got.
    pub(crate) async fn exchange1(&self, request: &str, answer: &str) -> (Head, Response) {
        let mut client = self.http1().await;
        client.send(request).await;
        let (head, mut origin) = self.answered(answer).await;
        let response = client.response().await;
        let whole = client.body().await.expect("the response is whole");
        origin.body().await.expect("the request is whole");
        let response = Response {
            head: response,
            body: whole,
        };
        (head, response)
    }

    /// The same over a new HTTP/2 connection.
    pub(crate) async fn exchange2(&self, request: Request<()>, answer: &str) -> (Head, Whole) {
        let mut client = self.http2().await;
        let ((head, _origin), response) = tokio::join!(self.answered(answer), client.ask(request));
        (head, response)
    }

    /// Takes the next connection's request and answers it; the connection is for this one alone.
    async fn answered(&self, answer: &str) -> (Head, Wire) {
        let (head, mut origin) = self.origin.request().await;
        let (status, rest) = answer.split_once("\r\n").expect("a status line");
        origin
            .send(format!("{status}\r\nConnection: close\r\n{rest}"))
            .await;
        (head, origin)
    }
}
