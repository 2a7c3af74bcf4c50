//! What a client asks for reaches the origin, and what it answers reaches the client, as it was.

use crate::support::{PLAY, Stage, get, http2_request, ok};

/// Targets that a careless hand would clean up.
const TARGETS: [&str; 10] = [
    "/",
    "/?",
    "/live/stream.m3u8?token=a%2Fb+c&&x=&=y",
    "//double//slashes/",
    "/a/./b/../c",
    "/%7Euser/%41%2f%2F%00",
    "/%E7%9B%B4%E6%92%AD.flv",
    "/a;b=c,d@e:f!$&'()*+~-._",
    "/seg-[1].ts?r=[0-9]|{x}^`\\",
    "/path?url=https://other.test/x?y=z",
];

#[tokio::test]
async fn targets_pass_byte_by_byte() {
    let stage = Stage::new().await;
    for target in TARGETS {
        let (seen1, _) = stage.exchange1(&get(PLAY, target), &ok("")).await;
        assert_eq!(seen1.start(), format!("GET {target} HTTP/1.1"));
        let request = http2_request("GET", PLAY, target);
        let (seen2, _) = stage.exchange2(request, &ok("")).await;
        assert_eq!(seen2.start(), format!("GET {target} HTTP/1.1"));
    }
}

#[tokio::test]
async fn methods_and_bodies_pass() {
    let stage = Stage::new().await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
        let mut client = stage.http1().await;
        let request = format!(
            "{method} /whep HTTP/1.1\r\nHost: {PLAY}\r\nContent-Type: application/sdp\r\n\
             Content-Length: 3\r\n\r\nv=0"
        );
        client.send(request).await;
        let (head, mut origin) = stage.origin.request().await;
        assert_eq!(head.method(), method);
        assert_eq!(head.one("content-length"), Some("3"), "{method}");
        assert_eq!(head.one("content-type"), Some("application/sdp"));
        assert_eq!(origin.body().await.expect("a whole body"), b"v=0");
        let created = "HTTP/1.1 201 Created\r\nLocation: /whep/1\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n";
        origin.send(created).await;
        let response = client.response().await;
        assert_eq!(response.status(), 201, "{method}");
        assert_eq!(response.one("location"), Some("/whep/1"));
    }
}

#[tokio::test]
async fn a_request_without_a_body_gets_none() {
    let stage = Stage::new().await;
    for method in ["GET", "DELETE", "OPTIONS"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: {PLAY}\r\n\r\n");
        let (seen1, _) = stage.exchange1(&request, &ok("")).await;
        let request = http2_request(method, PLAY, "/");
        let (seen2, _) = stage.exchange2(request, &ok("")).await;
        for seen in [seen1, seen2] {
            assert_eq!(seen.method(), method);
            assert_eq!(seen.one("transfer-encoding"), None, "{method}");
        }
    }
}

#[tokio::test]
async fn a_range_passes_with_its_part() {
    const PART: &str = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-5/10\r\n\
         Content-Length: 4\r\nETag: \"a\"\r\n\r\n2345";
    let stage = Stage::new().await;
    let request = format!("GET /a.mp4 HTTP/1.1\r\nHost: {PLAY}\r\nRange: bytes=2-5\r\n\r\n");
    let (seen, response) = stage.exchange1(&request, PART).await;
    assert_eq!(seen.one("range"), Some("bytes=2-5"));
    assert_eq!((response.status(), response.text().as_str()), (206, "2345"));
    assert_eq!(response.head.one("content-range"), Some("bytes 2-5/10"));
    assert_eq!(response.head.one("etag"), Some("\"a\""));

    let mut request = http2_request("GET", PLAY, "/a.mp4");
    let range = http::HeaderValue::from_static("bytes=2-5");
    request.headers_mut().insert("range", range);
    let (seen, response) = stage.exchange2(request, PART).await;
    assert_eq!(seen.one("range"), Some("bytes=2-5"));
    assert_eq!((response.status(), response.text().as_str()), (206, "2345"));
    assert_eq!(response.headers()["content-range"], "bytes 2-5/10");
}

/// Answers without a body leave the connection in step, whatever their fields promise.
#[tokio::test]
async fn answers_without_a_body_pass() {
    let stage = Stage::new().await;
    let cases = [
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n",
            Some("1000"),
        ),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n", None),
        ("DELETE", "HTTP/1.1 204 No Content\r\n", None),
    ];
    let mut client = stage.http1().await;
    for (method, answer, length) in cases {
        client
            .send(format!("{method} / HTTP/1.1\r\nHost: {PLAY}\r\n\r\n"))
            .await;
        let (head, mut origin) = stage.origin.request().await;
        assert_eq!(head.method(), method);
        origin
            .send(format!("{answer}Connection: close\r\n\r\n"))
            .await;
        drop(origin);
        // Read as a bare head: the next answer must follow at once.
        let response = client.try_head().await.expect("an answer");
        assert!(
            answer.contains(&response.status().to_string()),
            "{response:?}"
        );
        assert_eq!(response.one("content-length"), length, "{method}");
    }
    for (method, answer, length) in cases {
        let request = http2_request(method, PLAY, "/");
        let (_, response) = stage.exchange2(request, &format!("{answer}\r\n")).await;
        assert!(answer.contains(&response.status().to_string()), "{method}");
        let passed = response.headers().get("content-length");
        assert_eq!(
            passed.map(http::HeaderValue::as_bytes),
            length.map(str::as_bytes)
        );
        assert!(response.body.is_empty(), "{method}");
    }
}

/// However the origin marks the end of a body.
#[tokio::test]
async fn bodies_of_each_framing_pass_whole() {
    let stage = Stage::new().await;
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
    ] {
        let (_, response) = stage.exchange1(&get(PLAY, "/"), answer).await;
        assert_eq!(response.text(), "hello");
        let request = http2_request("GET", PLAY, "/");
        let (_, response) = stage.exchange2(request, answer).await;
        assert_eq!(response.text(), "hello");
    }
    let mut client = stage.http1().await;
    client.send(get(PLAY, "/")).await;
    let (_, mut origin) = stage.origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\n\r\nhello").await;
    drop(origin);
    client.response().await;
    assert_eq!(client.body().await.expect("a whole body"), b"hello");
}

/// Statuses that a proxy has no opinion about, errors of the origin's own included.
#[tokio::test]
async fn statuses_and_fields_pass() {
    let stage = Stage::new().await;
    for status in [
        200, 203, 301, 302, 400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 599,
    ] {
        let answer = format!(
            "HTTP/1.1 {status} Reason\r\nContent-Length: 4\r\nX-Own: a, b\r\nServer: srs\r\n\
             Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nLocation: http://{PLAY}/x\r\n\
             Access-Control-Allow-Origin: *\r\n\r\nbody"
        );
        let (_, response) = stage.exchange1(&get(PLAY, "/"), &answer).await;
        assert_eq!(
            (response.status(), response.text().as_str()),
            (status, "body")
        );
        let head = &response.head;
        assert_eq!(head.one("x-own"), Some("a, b"));
        assert_eq!(head.all("set-cookie"), ["a=1", "b=2"]);
        assert_eq!(head.one("server"), Some("srs"));
        assert_eq!(head.one("access-control-allow-origin"), Some("*"));
        assert_eq!(head.one("location"), Some(&*format!("http://{PLAY}/x")));
    }
}

/// A client that waits for leave to send its body gets it.
#[tokio::test]
async fn an_expectation_is_met() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {PLAY}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    );
    client.send(request).await;
    let (origin, head) = tokio::join!(
        async {
            let (_, mut origin) = stage.origin.request().await;
            origin.send("HTTP/1.1 100 Continue\r\n\r\n").await;
            assert_eq!(origin.body().await.expect("a whole body"), b"body");
            origin.send(ok("done")).await;
            origin
        },
        async {
            assert_eq!(client.response().await.status(), 100);
            client.send("body").await;
            client.response().await
        }
    );
    assert_eq!(head.status(), 200);
    assert_eq!(client.body().await.expect("a whole body"), b"done");
    drop(origin);
}

/// The client need not send what the origin does not want.
#[tokio::test]
async fn an_origin_may_refuse_a_body_before_it_comes() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {PLAY}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    );
    client.send(request).await;
    let (head, mut origin) = stage.origin.request().await;
    assert_eq!(head.one("expect"), Some("100-continue"));
    origin
        .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        .await;
    let answer = client.try_head().await.expect("an answer");
    assert_eq!(answer.status(), 413, "{answer:?}");
    assert!(origin.closed().await.is_empty(), "no byte of the body");
}

/// An origin that does not know the question is silent.
#[tokio::test]
async fn a_body_goes_without_a_word_of_the_origin() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {PLAY}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    );
    client.send(request).await;
    let (_, mut origin) = stage.origin.request().await;
    assert_eq!(client.response().await.status(), 100);
    client.send("body").await;
    assert_eq!(origin.body().await.expect("a whole body"), b"body");
    origin.send(ok("done")).await;
    assert_eq!(client.response().await.status(), 200);
}

/// What an origin answers in the middle of a body goes to the client, and so does the rest of both.
#[tokio::test]
async fn an_answer_may_begin_before_the_body_is_over() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    let request = format!("POST / HTTP/1.1\r\nHost: {PLAY}\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(request).await;
    let (_, mut origin) = stage.origin.request().await;
    client.send("3\r\nabc\r\n").await;
    assert_eq!(origin.part(3).await, b"abc");
    origin
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nABC\r\n")
        .await;
    assert_eq!(client.response().await.status(), 200);
    assert_eq!(client.part(3).await, b"ABC");
    client.send("3\r\ndef\r\n0\r\n\r\n").await;
    assert_eq!(origin.body().await.expect("the rest"), b"def");
    origin.send("3\r\nDEF\r\n0\r\n\r\n").await;
    assert_eq!(client.body().await.expect("the rest"), b"DEF");
}

/// The origin's 100 Continue, early hints and the like do not take the place of its answer.
#[tokio::test]
async fn interim_answers_do_not_end_a_request() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    client.send(get(PLAY, "/")).await;
    let (_, mut origin) = stage.origin.request().await;
    origin
        .send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        .await;
    origin.send(ok("hello")).await;
    let mut head = client.response().await;
    while head.status() < 200 {
        head = client.response().await;
    }
    assert_eq!(head.status(), 200);
    assert_eq!(client.body().await.expect("a whole body"), b"hello");
}
