use std::time::{Duration, SystemTime};

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Request, StatusCode};
use tokio::time::timeout;

use crate::config::WebhookUrl;
use crate::origin::{self, Connector};

/// Why an event was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PostFault {
    /// No connection, or no valid response on it.
    #[error(transparent)]
    Connect(#[from] origin::Error),
    /// No response in time.
    #[error("no response within {} s", LIMIT.as_secs())]
    Timeout,
    /// A response, but none that accepts.
    #[error("the answer is {status}")]
    Status {
        /// Its status.
        status: StatusCode,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The URL makes no request.
    #[error("no request can be made: {0}")]
    Request(#[from] http::Error),
}

impl PostFault {
    /// The stable word for it in logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Timeout => "timeout",
            Self::Status { .. } => "status",
            Self::Request(_) => "request",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Connect(_) | Self::Timeout => {
                "check that the server of alerts.webhook can be reached from this machine"
            }
            Self::Status { status, .. } if status.is_redirection() => {
                "redirects are not followed: write the final URL as alerts.webhook"
            }
            Self::Status { .. } | Self::Request(_) => "check the URL of alerts.webhook",
        }
    }

    /// Whether the same event may be accepted later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Timeout => true,
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Request(_) => false,
        }
    }

    /// How long the other end asks to be left alone (RFC 9110 section 10.2.3).
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Connect(_) | Self::Timeout | Self::Request(_) => None,
        }
    }
}

/// Posts a JSON object on a connection of its own.
pub(super) async fn post(
    connector: &Connector,
    url: &WebhookUrl,
    body: &str,
) -> Result<(), PostFault> {
    let exchange = timeout(LIMIT, exchange(connector, url, body)).await;
    let (status, headers) = exchange.map_err(|_elapsed| PostFault::Timeout)??;
    if status.is_success() {
        return Ok(());
    }
    Err(PostFault::Status {
        status,
        retry_after: retry_after(&headers, SystemTime::now()),
    })
}

/// The connection ends with what it returns: nobody reads the response's body.
async fn exchange(
    connector: &Connector,
    url: &WebhookUrl,
    body: &str,
) -> Result<(StatusCode, HeaderMap), PostFault> {
    let request = Request::post(url.target().as_str())
        .header(HOST, url.host())
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_LENGTH, body.len())
        .header(USER_AGENT, PRODUCT)
        .body(body.to_owned())?;
    let (head, ()) = connector
        .ask(url.endpoint(), None, request)
        .await?
        .into_parts();
    Ok((head.status, head.headers))
}

fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let time = httpdate::parse_http_date(value).ok()?;
    time.duration_since(now).ok()
}

const PRODUCT: &str = concat!("lockgate/", env!("CARGO_PKG_VERSION"));

/// For the whole exchange.
const LIMIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::crypto::aws_lc_rs;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn connector() -> Connector {
        Connector::new(b"", Arc::new(aws_lc_rs::default_provider())).unwrap()
    }

    /// Takes one request and answers it; returns what it said.
    async fn answer(listener: TcpListener, answer: &str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"{}") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    }

    async fn posted(response: &str) -> (String, Result<(), PostFault>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}/hook?token=x").parse().unwrap();
        let connector = connector();
        tokio::join!(answer(listener, response), post(&connector, &url, "{}"))
    }

    #[tokio::test(flavor = "local")]
    async fn an_event_is_one_post_of_json() {
        let (request, result) = posted("HTTP/1.1 204 No Content\r\n\r\n").await;
        result.unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("POST /hook?token=x HTTP/1.1\r\n"),
            "{head}"
        );
        for field in [
            "host: 127.0.0.1:",
            "content-type: application/json",
            "content-length: 2",
            "user-agent: lockgate/",
        ] {
            assert!(head.contains(field), "{field} in {head}");
        }
        assert_eq!(body, "{}");
    }

    #[tokio::test(flavor = "local")]
    async fn each_answer_says_whether_to_try_again() {
        for (answer, passing, wait) in [
            ("500 Oops\r\n", true, None),
            ("503 Busy\r\nRetry-After: 7\r\n", true, Some(7)),
            ("429 Slow\r\nRetry-After: 120\r\n", true, Some(120)),
            ("429 Slow\r\nRetry-After: soon\r\n", true, None),
            ("400 No\r\n", false, None),
            ("404 Nothing\r\n", false, None),
            (
                "302 Found\r\nLocation: http://127.0.0.1:1/\r\n",
                false,
                None,
            ),
        ] {
            let (_, result) = posted(&format!("HTTP/1.1 {answer}Content-Length: 0\r\n\r\n")).await;
            let fault = result.unwrap_err();
            assert_eq!(fault.code(), "status", "{answer}");
            assert_eq!(fault.is_passing(), passing, "{answer}");
            assert_eq!(
                fault.retry_after(),
                wait.map(Duration::from_secs),
                "{answer}"
            );
        }
    }

    #[tokio::test(flavor = "local")]
    async fn what_is_no_answer_may_be_one_later() {
        let (_, broken) = posted("nonsense\r\n\r\n").await;
        let broken = broken.unwrap_err();
        assert_eq!((broken.code(), broken.is_passing()), ("connect", true));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let refused = post(&connector(), &url.parse().unwrap(), "{}").await;
        assert_eq!(refused.unwrap_err().code(), "connect");
    }

    /// Nothing else waits here, so the paused clock goes straight to the deadline.
    #[tokio::test(flavor = "local", start_paused = true)]
    async fn a_silent_server_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let fault = post(&connector(), &url.parse().unwrap(), "{}").await;
        let fault = fault.unwrap_err();
        assert_eq!((fault.code(), fault.is_passing()), ("timeout", true));
    }

    #[test]
    fn retry_after_may_be_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let wait = |value: &'static str| {
            let value = http::HeaderValue::from_static(value);
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now)
        };
        let minute = Some(Duration::from_secs(60));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), minute);
        assert_eq!(wait("Sun, 06 Nov 1994 08:48:37 GMT"), None);
    }
}
