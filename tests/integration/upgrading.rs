//! Another process takes the place of the one that runs: nobody is refused, nobody is reset.

use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval};

use crate::draining::ends;
use crate::support::{
    Edge, Kind, PATIENCE, PLAY, Program, Responder, SECOND, Stage, Stream, TlsClient, eventually,
    get, outcome_of, within,
};

/// Clients who come at such intervals until they are told to stop.
struct Comers {
    stop: Arc<AtomicBool>,
    coming: JoinHandle<Came>,
}

/// What became of them.
#[derive(Debug, Default)]
struct Came {
    answered: usize,
    failed: Vec<String>,
}

impl Comers {
    fn start(client: &TlsClient, to: SocketAddr, host: &'static str, every: Duration) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let (stopped, client) = (Arc::clone(&stop), client.clone());
        let coming = tokio::spawn(async move {
            let (mut clients, mut clock) = (JoinSet::new(), interval(every));
            while !stopped.load(Ordering::Relaxed) {
                clock.tick().await;
                let client = client.clone();
                clients.spawn(async move { comes(&client, to, host).await });
            }
            let mut came = Came::default();
            while let Some(result) = clients.join_next().await {
                match result.expect("no task panics") {
                    Ok(()) => came.answered += 1,
                    Err(error) => came.failed.push(error),
                }
            }
            came
        });
        Self { stop, coming }
    }

    async fn stop(self) -> Came {
        self.stop.store(true, Ordering::Relaxed);
        self.coming.await.expect("no task panics")
    }
}

async fn comes(client: &TlsClient, to: SocketAddr, host: &str) -> Result<(), String> {
    let tls = client.connect(to, host).await;
    let mut wire = tls.map_err(|error| format!("{error:?}"))?.http1();
    let sent = wire.try_send(get(host, "/")).await;
    sent.map_err(|error| error.to_string())?;
    match wire.try_response().await {
        Ok(head) if head.status() == 200 => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// A second domain, whose origin answers by itself.
const PAGE: &str = "page.example.test";

async fn stage(drain: &str) -> (Stage, Responder) {
    let responder = Responder::start("hello").await;
    let url = responder.url();
    let stage = Stage::arranged(&[("timeouts.drain", drain)], |config, ca, _| {
        config.install("page", &ca.issue(&[PAGE]));
        let domain = crate::support::Domain::named(PAGE).origin(url);
        config.domain(&domain.certificate("page"));
    })
    .await;
    (stage, responder)
}

async fn streams(stage: &Stage, count: usize) -> Vec<Stream> {
    let mut streams = Vec::new();
    for kind in Kind::ALL.into_iter().cycle().take(count) {
        streams.push(Stream::start(stage, kind).await);
    }
    streams
}

/// Takes a ticket, so that the next connection may resume.
async fn takes_a_ticket(client: &TlsClient, edge: &Edge) {
    comes(client, edge.https(), PAGE).await.expect("an answer");
}

async fn is_resumed(client: &TlsClient, edge: &Edge) -> bool {
    let tls = client.connect(edge.https(), PAGE).await;
    tls.expect("it is served").is_resumed()
}

#[tokio::test]
async fn another_process_takes_over_and_nobody_is_refused() {
    let (mut stage, _responder) = stage(r#""4s""#).await;
    let mut streams = streams(&stage, 12).await;
    let before = stage.edge.program.id();
    let returning = stage.client();
    takes_a_ticket(&returning, &stage.edge).await;
    let https = stage.edge.https();
    let comers = Comers::start(
        &stage.client().without_tickets(),
        https,
        PAGE,
        Duration::from_millis(40),
    );
    let (edge, mut old) = stage.edge.upgrade().await;
    stage.edge = edge;
    assert_eq!(stage.edge.https(), https);
    assert_ne!(stage.edge.program.id(), before);
    for stream in &mut streams {
        stream.passes(b"still here").await;
    }
    assert!(is_resumed(&returning, &stage.edge).await, "keys went over");
    ends(streams).await;
    let status = within(PATIENCE, "the end of the old process", old.exit()).await;
    assert_eq!(status.code(), Some(0));
    let came = comers.stop().await;
    assert_eq!(came.failed, Vec::<String>::new());
    assert!(came.answered > 10);
    let (edge, mut old) = stage.edge.upgrade().await;
    assert_eq!(edge.https(), https, "and once more");
    within(PATIENCE, "the end of the old process", old.exit()).await;
}

/// The file of the admin socket goes over, too.
#[tokio::test]
async fn the_admin_socket_is_the_same() {
    let listen = ("admin.listen", r#""unix:admin.sock""#);
    let stage = Stage::with(&[listen]).await;
    let (edge, mut old) = stage.edge.upgrade().await;
    within(PATIENCE, "the end of the old process", old.exit()).await;
    assert_eq!(edge.admin("/healthz").await.status(), 200);
}

#[tokio::test]
async fn a_second_process_is_refused_unless_it_asks() {
    let stage = Stage::new().await;
    let address = format!("[\"{}\"]", stage.edge.http());
    let other = crate::support::ConfigDir::new().set("listeners.http", &address);
    let outcome = outcome_of(&["run"], &other.path()).await;
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("cannot listen on"), "{outcome:?}");
    let outcome = outcome_of(&["run", "--upgrade"], &other.path()).await;
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("without --upgrade"), "{outcome:?}");
}

/// The one that runs goes on when its successor cannot start.
#[tokio::test]
async fn a_successor_that_fails_changes_nothing() {
    let mut stage = Stage::new().await;
    let mut stream = Stream::start(&stage, Kind::Http1).await;
    let settings = stage.edge.config.join("lockgate.toml");
    let text = std::fs::read_to_string(&settings).expect("the settings are there");
    stage
        .edge
        .config
        .write("lockgate.toml", format!("{text}oops = 1\n"));
    let outcome = outcome_of(&["run", "--upgrade"], &stage.edge.config.path()).await;
    assert_eq!(outcome.code, Some(1));
    stage.edge.config.write("lockgate.toml", text);
    stream.passes(b"still here").await;
    assert!(stage.edge.program.is_running());
    stage.edge.upgrade().await;
}

#[tokio::test]
async fn a_signal_starts_the_successor() {
    let mut stage = Stage::new().await;
    stage.edge.program.signal("USR2");
    let status = within(
        PATIENCE,
        "the end of the old process",
        stage.edge.program.exit(),
    )
    .await;
    assert_eq!(status.code(), Some(0));
    let lines = stage
        .edge
        .log()
        .find(&[("message", "starting a successor")]);
    let pid = lines[0].field("pid");
    let client = stage.client();
    let served = comes(&client, stage.edge.https(), PLAY);
    let (served, ()) = tokio::join!(served, async {
        let (_, mut origin) = stage.origin.request().await;
        origin.send(crate::support::ok("hello")).await;
    });
    served.expect("the successor serves");
    let killed = std::process::Command::new("kill").arg(&pid).status();
    assert!(killed.is_ok_and(|status| status.success()));
}

/// What systemd is told, by a socket as its own is.
#[tokio::test]
async fn systemd_is_told_how_it_is() {
    let stage = Stage::new().await;
    let config = stage.edge.stop();
    let path = config.state("notify.sock");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_nonblocking(true).expect("an option");
    let mut program = Program::run_in("NOTIFY_SOCKET", &path, &config.path());
    let hears = async |expected: &str| {
        eventually(PATIENCE, expected, async || {
            let mut text = [0; 256];
            let length = socket.recv(&mut text).ok()?;
            let text = String::from_utf8_lossy(&text[..length]).into_owned();
            text.starts_with(expected).then_some(())
        })
        .await;
    };
    hears("READY=1").await;
    program.signal("HUP");
    hears("RELOADING=1\nMONOTONIC_USEC=").await;
    hears("READY=1").await;
    program.signal("TERM");
    hears("STOPPING=1").await;
    within(SECOND * 2, "the program's end", program.exit()).await;
}

/// The figure: 300 viewers, 100 new connections a second, and a swap.
#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn three_hundred_viewers_and_a_swap() {
    const SECONDS: usize = 30;
    let (mut stage, _responder) = stage(r#""30s""#).await;
    let streams = streams(&stage, 300).await;
    let mut returning = Vec::new();
    for _ in 0..300 {
        let client = stage.client();
        takes_a_ticket(&client, &stage.edge).await;
        returning.push(client);
    }
    let every = Duration::from_millis(10);
    let new = stage.client().without_tickets();
    let comers = Comers::start(&new, stage.edge.https(), PAGE, every);
    let begin = Instant::now();
    let (edge, mut old) = stage.edge.upgrade().await;
    println!("the new process served after {:?}", begin.elapsed());
    stage.edge = edge;
    let closes = ends(streams).await;
    within(PATIENCE, "the end of the old process", old.exit()).await;
    let came = comers.stop().await;
    let mut resumed = 0;
    for client in &returning {
        resumed += usize::from(is_resumed(client, &stage.edge).await);
    }
    let most = closes.iter().max().copied().unwrap_or_default();
    let (mean, failed) = (300 / SECONDS, came.failed.len());
    println!(
        "new connections: {} answered, {failed} failed",
        came.answered
    );
    println!("closes in a second: at most {most}, mean {mean}: {closes:?}");
    println!("resumed: {resumed} of 300");
    assert_eq!(came.failed, Vec::<String>::new());
    assert!(most <= 2 * mean);
    assert!(resumed >= 285);
}
