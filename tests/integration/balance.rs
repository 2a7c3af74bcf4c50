//! How requests are spread over several origins.

use crate::support::{ConfigDir, Domain, Edge, Origin, PLAY, Responder, Wire, get};

/// An edge with one worker whose domain has these origins and keys.
async fn edge(origins: &[String], keys: &[(&'static str, &str)]) -> Edge {
    let config = ConfigDir::new().set("workers", "1");
    let domain = Domain::named(PLAY).with("origins", format!("{origins:?}"));
    let with = |domain: Domain, (key, value): &(&'static str, &str)| domain.with(key, *value);
    config.domain(&keys.iter().fold(domain, with));
    Edge::start(config).await
}

#[tokio::test]
async fn a_path_goes_to_the_same_origin_whatever_its_query() {
    let texts = ["0", "1", "2"];
    let mut responders = Vec::new();
    for text in texts {
        responders.push(Responder::start(text).await);
    }
    let urls: Vec<_> = responders.iter().map(Responder::url).collect();
    let edge = edge(&urls, &[("balance", "\"path_hash\"")]).await;
    let mut asked = [0; 3];
    for room in 0..30 {
        let path = format!("/live/room-{room}.m3u8");
        let first = edge.plain(PLAY, &path).await.text();
        for query in ["?session=1", "?session=2"] {
            let again = edge.plain(PLAY, &format!("{path}{query}")).await;
            assert_eq!(again.text(), first, "{path}{query}");
        }
        asked[texts
            .iter()
            .position(|text| *text == first)
            .expect("one of them")] += 1;
    }
    assert!(asked.iter().all(|count| *count > 0), "{asked:?}");
}

/// The longest path counts, and the origin sees all of it.
#[tokio::test]
async fn a_route_leads_its_paths_to_other_origins() {
    let (main, hls, low) = (
        Responder::start("main").await,
        Responder::start("hls").await,
        Responder::start("low").await,
    );
    let routes = format!(
        "[{{ path = \"/hls/\", origins = [\"{}\"] }}, {{ path = \"/hls/low\", origins = [\"{}\"] }}, \
         {{ path = \"/demo\", origins = [\"demo:\"] }}]",
        hls.url(),
        low.url()
    );
    let edge = edge(&[main.url()], &[("routes", &routes)]).await;
    for (path, text) in [
        ("/", "main"),
        ("/hls", "main"),
        ("/hls/1.m3u8?a=b", "hls"),
        ("/hls/low", "low"),
        ("/hls/low/1.m3u8", "low"),
        ("/hls/lower", "hls"),
    ] {
        assert_eq!(edge.plain(PLAY, path).await.text(), text, "{path}");
    }
    assert_eq!(hls.seen()[0].target(), "/hls/1.m3u8?a=b");
    assert_eq!(edge.plain(PLAY, "/demo/none").await.status(), 404);
    assert_eq!(main.seen().len(), 2);
    let line = [("path", "/hls/low"), ("origin", &*low.url())];
    edge.log().wait_for(1, &line).await;
}

/// A viewer who stays counts as long as he stays.
#[tokio::test]
async fn a_request_goes_to_the_origin_with_the_fewest_viewers() {
    let (busy, free) = (Origin::start().await, Responder::start("free").await);
    let urls = [busy.url(), free.url()];
    let edge = edge(&urls, &[("balance", "\"least_connections\"")]).await;
    // Of equals each has its turn, so one of the first ones stays with the origin that says nothing.
    let mut viewers = Vec::new();
    let waiting = loop {
        let mut viewer = Wire::connect(edge.http()).await;
        viewer.send(get(PLAY, "/live.flv")).await;
        let waiting = tokio::select! {
            waiting = busy.request() => Some(waiting),
            _ = viewer.response() => None,
        };
        viewers.push(viewer);
        if let Some(waiting) = waiting {
            break waiting;
        }
        assert!(viewers.len() < 20, "never asked");
    };
    for _ in 0..10 {
        assert_eq!(edge.plain(PLAY, "/").await.text(), "free");
    }
    drop(waiting);
}
