use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;

use super::*;

fn handed(group: u32) -> (Handed, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let place = Place {
        role: Role::Https,
        group,
        at: "127.0.0.1:0".to_owned(),
    };
    let socket = listener.into();
    (Handed { place, socket }, address)
}

#[test]
fn sockets_and_keys_go_over_and_then_the_predecessor_leaves() {
    let directory = tempfile::tempdir().unwrap();
    // Longer than a unix socket's address.
    let state = directory.path().join("s".repeat(120));
    std::fs::create_dir(&state).unwrap();
    let ((first, address), (second, _)) = (handed(0), handed(1));
    let (left, leaves) = channel();
    let keys = || vec![vec![7; 32].into(), vec![8; 32].into()];
    let leave = move |successor| left.send(successor).unwrap();
    let giver = Giver::start(&state, vec![first, second], keys, leave).unwrap();

    // One that fails changes nothing.
    drop(Taker::connect(&state).unwrap());
    let (taker, taken) = Taker::connect(&state).unwrap();
    let groups: Vec<_> = taken.sockets.iter().map(|it| it.place.group).collect();
    assert_eq!(groups, [0, 1]);
    assert_eq!(taken.keys, keys());
    assert!(leaves.try_recv().is_err());
    taker.ready().unwrap();
    let successor = leaves.try_recv().unwrap();
    assert_eq!(successor.pid, std::process::id().cast_signed());

    giver.close();
    let [first, ..]: [Handed; 2] = taken.sockets.try_into().unwrap();
    let listener = TcpListener::from(first.socket);
    let _client = TcpStream::connect(address).unwrap();
    listener.accept().unwrap();
}

#[test]
fn nobody_takes_over_from_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let error = Taker::connect(directory.path()).unwrap_err();
    assert!(error.to_string().contains("without --upgrade"), "{error}");
    let giver = Giver::start(directory.path(), Vec::new(), Vec::new, |_| {}).unwrap();
    giver.close();
    assert!(Taker::connect(directory.path()).is_err());
    giver.end();
    assert!(
        std::fs::read_dir(directory.path())
            .unwrap()
            .next()
            .is_none()
    );
}
