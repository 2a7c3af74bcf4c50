use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use hyper::body::Body;

/// Whether nobody knows when a response ends: it has no length, and is of a kind that live streams
/// are of. Playlists, whose length is not told either by some origins, are not.
pub(super) fn is_endless<B: Body>(response: &Response<B>) -> bool {
    let body = response.body();
    let known = body.is_end_stream() || body.size_hint().exact().is_some();
    !known && is_of_streams(response.headers())
}

fn is_of_streams(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let Ok(kind) = kind.to_str() else {
        return true;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let ending = essence.len().checked_sub(PLAYLIST.len());
    let ending = ending.and_then(|start| essence.get(start..));
    let is_playlist = ending.is_some_and(|ending| ending.eq_ignore_ascii_case(PLAYLIST));
    let begins = |kind: &&str| {
        let beginning = essence.get(..kind.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(kind))
    };
    !is_playlist && STREAMS.iter().any(begins)
}

/// How all types of HLS playlists end.
const PLAYLIST: &str = "mpegurl";

/// HTTP-FLV, MPEG-TS, MP3 and AAC, JPEG after JPEG, events, and what an origin has no name for.
const STREAMS: [&str; 5] = [
    "video/",
    "audio/",
    "multipart/",
    "text/event-stream",
    "application/octet-stream",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str) -> bool {
        let headers = [(CONTENT_TYPE, kind.parse().unwrap())];
        is_of_streams(&headers.into_iter().collect())
    }

    #[test]
    fn streams_are_told_from_playlists_by_their_type() {
        for kind in [
            "video/x-flv",
            "Video/MP2T",
            "audio/mpeg",
            "multipart/x-mixed-replace; boundary=a",
            "text/event-stream;charset=utf-8",
            "application/octet-stream",
        ] {
            assert!(of(kind), "{kind}");
        }
        for kind in [
            "application/vnd.apple.mpegurl",
            "audio/x-mpegURL; charset=utf-8",
            "application/dash+xml",
            "application/json",
            "text/html",
        ] {
            assert!(!of(kind), "{kind}");
        }
        assert!(is_of_streams(&HeaderMap::new()));
    }

    #[test]
    fn what_has_a_length_ends() {
        let mut response = Response::new("a part".to_owned());
        let kind = "video/mp4".parse().unwrap();
        response.headers_mut().insert(CONTENT_TYPE, kind);
        assert!(!is_endless(&response));
        assert!(!is_endless(&Response::new(String::new())));
    }
}
