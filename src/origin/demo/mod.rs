//! The built-in demonstration origin (`origins = ["demo:"]`): a live stream that needs no live
//! server.
//!
//! It plays a bundled clip of 8 seconds for ever. Nothing is kept between requests: where the
//! stream stands is a pure function of the wall clock, so all threads and processes agree.
//!
//! | path | what |
//! | --- | --- |
//! | `/` | a page that plays |
//! | `/live/demo.flv` | HTTP-FLV, endless |
//! | `/live/demo.m3u8` | live HLS of fMP4 segments: `/live/init.mp4`, `/live/N.m4s` |

mod body;
mod flv;
mod hls;
mod mp4;
mod timeline;

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue,
};
use http::{Method, Response, StatusCode};
use http_body::Body as _;

pub use body::Body;
use timeline::Millis;

/// Answers one request to the demonstration origin; `path` comes without its query.
///
/// The body must be polled on a tokio runtime with time enabled.
pub fn respond(method: &Method, path: &str) -> Response<Body> {
    answer(method, path, timeline::now())
}

fn answer(method: &Method, path: &str, now: Millis) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return method_not_allowed();
    }
    let response = find(path, now).unwrap_or_else(not_found);
    if *method == Method::HEAD {
        return response.map(|_| Body::empty());
    }
    response
}

fn find(path: &str, now: Millis) -> Option<Response<Body>> {
    Some(match path {
        "/" => live("text/html; charset=utf-8", PAGE),
        "/live/demo.flv" => live("video/x-flv", flv::Viewer::new(now)),
        "/live/demo.m3u8" => live("application/vnd.apple.mpegurl", hls::playlist(now)),
        "/live/init.mp4" => lasting(hls::init()),
        _ => lasting(hls::segment(segment_number(path)?, now)?),
    })
}

fn segment_number(path: &str) -> Option<u64> {
    let name = path.strip_prefix("/live/")?;
    name.strip_suffix(".m4s")?.parse().ok()
}

/// What is different a moment later.
fn live(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    ok(content_type, "no-store", body.into())
}

/// What a cache may share among viewers. A minute is longer than any player asks for a segment,
/// and shorter than anybody waits for a new clip after an upgrade.
fn lasting(body: impl Into<Body>) -> Response<Body> {
    ok("video/mp4", "public, max-age=60", body.into())
}

fn ok(content_type: &'static str, cache_control: &'static str, body: Body) -> Response<Body> {
    let length = body.size_hint().exact();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
    // A player on any page may read the stream: that is what it is for.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Some(length) = length {
        // Said here and not left to the HTTP layer, which cannot know it for HEAD.
        headers.insert(CONTENT_LENGTH, length.into());
    }
    response
}

fn not_found() -> Response<Body> {
    let mut response = live("text/plain; charset=utf-8", PATHS);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn method_not_allowed() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

const PATHS: &str = "The demonstration origin has /, /live/demo.flv and /live/demo.m3u8.\n";

/// One document: the proxy in front must not matter to where a script is found.
const PAGE: &str = concat!(
    include_str!("page.html"),
    "<script>\n",
    include_str!("player.js"),
    "</script>\n",
);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    fn get(path: &str) -> Response<Body> {
        answer(&Method::GET, path, NOW)
    }

    fn header<'r>(response: &'r Response<Body>, name: &str) -> Option<&'r str> {
        Some(response.headers().get(name)?.to_str().unwrap())
    }

    #[test]
    fn each_path_has_its_type() {
        let newest = format!("/live/{}.m4s", NOW / 2_000 - 1);
        let cases = [
            ("/", "text/html; charset=utf-8", "no-store"),
            ("/live/demo.flv", "video/x-flv", "no-store"),
            (
                "/live/demo.m3u8",
                "application/vnd.apple.mpegurl",
                "no-store",
            ),
            ("/live/init.mp4", "video/mp4", "public, max-age=60"),
            (&newest, "video/mp4", "public, max-age=60"),
        ];
        for (path, content_type, cache_control) in cases {
            let response = get(path);
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&response, "content-type"), Some(content_type));
            assert_eq!(header(&response, "cache-control"), Some(cache_control));
            assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
        }
    }

    #[test]
    fn only_the_endless_stream_has_no_length() {
        assert_eq!(header(&get("/live/demo.flv"), "content-length"), None);
        assert_eq!(get("/live/demo.flv").body().size_hint().exact(), None);
        let page = PAGE.len().to_string();
        assert_eq!(header(&get("/"), "content-length"), Some(&*page));
    }

    #[test]
    fn head_has_the_headers_of_get_and_no_body() {
        for path in ["/", "/live/demo.flv", "/live/demo.m3u8", "/nothing"] {
            let head = answer(&Method::HEAD, path, NOW);
            assert_eq!(head.headers(), get(path).headers(), "{path}");
            assert_eq!(head.status(), get(path).status(), "{path}");
            assert!(head.body().is_end_stream(), "{path}");
        }
    }

    #[test]
    fn unknown_paths_are_not_found() {
        let paths = [
            "",
            "/live",
            "/live/",
            "/live/demo.flv/",
            "/live/x.m4s",
            "/live/-1.m4s",
            "/live/.m4s",
            "/live/99999999999999999999999.m4s",
            "/live/18446744073709551615.m4s",
            "/live/0.m4s",
        ];
        for path in paths {
            assert_eq!(get(path).status(), StatusCode::NOT_FOUND, "{path:?}");
        }
    }

    #[test]
    fn other_methods_are_not_allowed() {
        for method in [Method::POST, Method::OPTIONS, Method::DELETE] {
            let response = answer(&method, "/live/demo.m3u8", NOW);
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(header(&response, "allow"), Some("GET, HEAD"));
        }
    }

    #[test]
    fn the_page_asks_for_the_codecs_of_the_clip() {
        let init = hls::init();
        let avcc = init.windows(4).position(|bytes| bytes == b"avcC").unwrap();
        // Profile, compatibility and level follow the version (ISO/IEC 14496-15 section 5.3.3.1).
        let [profile, compatibility, level] = *init[avcc + 5..].first_chunk().unwrap();
        let codec = format!("avc1.{profile:02x}{compatibility:02x}{level:02x}");
        assert!(PAGE.contains(&codec), "{codec}");
    }
}
