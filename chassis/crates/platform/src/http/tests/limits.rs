//! What happens at the limits: slow peers, too many of them, and the end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::*;

/// What is whole must be read within it on a busy machine, too.
const SHORT: Duration = Duration::from_secs(2);
/// Far longer than any of these tests takes.
const LONG: Duration = Duration::from_secs(3600);

fn short() -> Limits {
    Limits { request_time: SHORT, ..Limits::default() }
}

#[tokio::test]
async fn a_request_that_is_not_sent_in_time_is_refused_and_the_others_are_answered() {
    let server = Server::start(short()).await;
    let mut served = server.connect().await;
    served.get("/").await;
    let parts = [
        "GET / HT",
        "GET / HTTP/1.1\r\nhost: a\r\n",
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf",
    ];
    let mut slow = Vec::new();
    for part in parts {
        let mut peer = server.connect().await;
        peer.send(part).await;
        slow.push(peer);
    }
    served.send("GET / HTTP/1.1\r\n").await; // the second request of a connection
    slow.push(served);
    server.assert_answers().await;
    for peer in slow {
        let answer = peer.rest().await;
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
        assert!(
            answer.contains("x-frame-options: DENY") && answer.contains("in time\",\"status\":\"error\"}"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_header_sent_byte_by_byte_has_no_longer_than_any_other() {
    let server = Server::start(short()).await;
    let (start, mut peer) = (Instant::now(), server.connect().await);
    peer.send("GET / HTTP/1.1\r\nx: ").await;
    let mut bytes = Vec::new();
    // Until the server has closed the connection, whatever it is sent.
    while tokio::time::timeout(Duration::from_millis(10), peer.0.read_buf(&mut bytes)).await.is_err() {
        peer.send("y").await;
        assert!(start.elapsed() < PATIENCE, "the server still listens");
    }
    assert!(start.elapsed() >= SHORT && bytes.starts_with(b"HTTP/1.1 408 "), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed_and_one_between_requests_lives_longer() {
    let server = Server::start(Limits { idle_time: LONG, ..short() }).await;
    let (start, mut served, silent) = (Instant::now(), server.connect().await, server.connect().await);
    served.get("/").await;
    assert_eq!(silent.rest().await, "");
    assert!(start.elapsed() >= SHORT, "{:?}", start.elapsed());
    assert!(served.get("/").await.ends_with("hello"), "longer than the time for a request");

    let server = Server::start(Limits { idle_time: 2 * SHORT, ..short() }).await;
    let (start, mut served) = (Instant::now(), server.connect().await);
    served.get("/").await;
    assert_eq!(served.rest().await, "");
    assert!(start.elapsed() >= 2 * SHORT, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_peer_that_does_not_take_its_answer_makes_room() {
    let server = Server::start(Limits { connections: 1, ..short() }).await;
    let (start, mut greedy) = (Instant::now(), server.connect().await);
    greedy.send("GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await;
    greedy.0.readable().await.unwrap();
    server.assert_answers().await; // only one is served at a time, so the other has been let go
    assert!(start.elapsed() >= SHORT, "an answer that is being sent is no reason to leave");
    let mut taken = Vec::new();
    drop(greedy.0.read_to_end(&mut taken).await); // reset, or closed
    assert!(taken.len() < LARGE);
}

#[tokio::test]
async fn a_peer_that_takes_its_answer_slowly_gets_all_of_it() {
    // Every step is far shorter than the limit, and all of them together are longer.
    let limit = 4 * SHORT;
    let mut server = Server::start(Limits { connections: 1, request_time: limit, drain: LONG, ..short() }).await;
    let (start, mut slow) = (Instant::now(), server.connect().await);
    slow.send("GET /large HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    slow.0.readable().await.unwrap();
    server.stop();
    let (mut taken, mut buffer) = (0, vec![0; LARGE / 32]);
    let mut steps = tokio::time::interval(limit / 16);
    loop {
        steps.tick().await;
        match slow.0.read(&mut buffer).await.unwrap() {
            0 => break,
            length => taken += length,
        }
    }
    assert!(taken > LARGE && start.elapsed() > limit, "{taken} bytes in {:?}", start.elapsed());
    server.stopped().await;
}

#[tokio::test]
async fn a_refused_peer_that_goes_on_sending_is_told_why() {
    let server = Server::start(Limits::default()).await;
    let mut peer = server.connect().await;
    peer.send(format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(20 * 1024))).await;
    assert!(peer.answer().await.starts_with("HTTP/1.1 431 "));
    for _ in 0..4 {
        peer.send("x".repeat(16 * 1024)).await;
    }
    assert_eq!(peer.rest().await, "", "closed in order, not reset");
}

#[tokio::test]
async fn when_there_are_too_many_the_one_idle_longest_gives_way() {
    let lines = crate::telemetry::tests::Lines::default();
    let (warning, text) = (crate::telemetry::Level::Warning, crate::telemetry::Format::Text);
    let guard = tracing::subscriber::set_default(lines.subscriber(warning, text));
    let mut server = Server::start(Limits { connections: 4, ..Limits::default() }).await;
    let (mut busy, mut first, mut second, mut third) =
        (server.connect().await, server.connect().await, server.connect().await, server.connect().await);
    busy.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.waiting.notified().await;
    for peer in [&mut second, &mut third, &mut first] {
        peer.get("/").await;
    }
    second.send("GET / HTTP/1.1\r\nx: half a header is no request").await;
    let mut fourth = server.connect().await;
    fourth.get("/").await;
    second.assert_closed().await;
    let mut fifth = server.connect().await;
    fifth.get("/").await;
    third.assert_closed().await;
    assert!(first.get("/").await.ends_with("hello"));
    server.released.notify_one();
    assert!(busy.answer().await.ends_with("waited"), "a request in progress is no reason to leave");
    server.stop();
    server.stopped().await;
    let text = lines.text();
    let closed = text.lines().filter(|line| line.contains("closed the connection idle longest: there are too many"));
    let closed: Vec<&str> = closed.collect();
    assert!(closed[0].ends_with(", client=127.0.0.1") && closed[1].ends_with(", client=127.0.0.1, count=1"), "{text}");
    assert_eq!(closed.len(), 2, "{text}");
    drop(guard);
}

#[tokio::test]
async fn where_all_are_busy_the_next_waits_for_its_turn() {
    let server = Server::start(Limits { connections: 1, ..Limits::default() }).await;
    let mut busy = server.connect().await;
    busy.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.waiting.notified().await;
    let mut next = server.connect().await;
    next.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.released.notify_one();
    assert!(busy.answer().await.ends_with("waited"));
    assert!(next.answer().await.ends_with("hello"));
    busy.assert_closed().await;
}

#[tokio::test]
async fn thousands_of_idle_connections_keep_nobody_from_being_answered() {
    let server = Server::start(Limits { connections: 32, ..Limits::default() }).await;
    let mut idle = std::collections::VecDeque::new();
    for number in 0..2000 {
        let mut peer = server.connect().await;
        if number % 3 > 0 {
            peer.send("GET / HTTP/1.1\r\nx: ").await;
        }
        idle.push_back(peer);
        if idle.len() > 200 {
            idle.pop_front().unwrap().assert_closed().await;
        }
        if number % 100 == 0 {
            server.assert_answers().await;
        }
    }
}

#[tokio::test]
async fn at_the_end_requests_in_progress_are_finished_and_idle_connections_closed_at_once() {
    let patient = Limits { request_time: LONG, idle_time: LONG, drain: LONG, ..Limits::default() };
    let mut server = Server::start(patient).await;
    let (mut idle, mut half, mut fresh, silent, mut busy) = (
        server.connect().await,
        server.connect().await,
        server.connect().await,
        server.connect().await,
        server.connect().await,
    );
    idle.get("/").await;
    half.get("/").await;
    for peer in [&mut half, &mut fresh] {
        peer.send("GET / HT").await;
    }
    busy.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.waiting.notified().await;
    server.stop();
    for peer in [idle, half, fresh, silent] {
        peer.assert_closed().await; // long before any limit
    }
    let refused = TcpStream::connect(server.address).await.map(drop).map_err(|error| error.kind());
    assert_eq!(refused, Err(std::io::ErrorKind::ConnectionRefused));
    server.released.notify_one();
    let answer = busy.rest().await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("waited"), "{answer}");
    server.stopped().await;
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off() {
    let mut server = Server::start(Limits { drain: SHORT, ..Limits::default() }).await;
    let mut busy = server.connect().await;
    busy.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.waiting.notified().await;
    let start = Instant::now();
    server.stop();
    server.stopped().await;
    assert!(start.elapsed() >= SHORT);
    busy.assert_closed().await;
}

/// Run by the test below, in a process of its own, because the limit is one of the process.
#[tokio::test]
#[ignore = "needs the process of its own that the next test gives it"]
async fn a_server_that_runs_out_of_files() {
    let limit = |files| Rlimit { current: Some(files), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit(100)).unwrap();
    assert_eq!(super::serve::room_for(1024), 1024, "the limit is raised");
    assert_eq!(getrlimit(Resource::Nofile).current, Some(1024 + 128));
    setrlimit(Resource::Nofile, Rlimit { current: Some(100), maximum: Some(200) }).unwrap();
    assert_eq!(super::serve::room_for(1024), 200 - 128, "as far as it may be");
    // Room for the runtime, and for a few connections. The limit falls after the server has looked at it.
    let server = Server::start(Limits::default()).await;
    server.assert_answers().await;
    setrlimit(Resource::Nofile, limit(40)).unwrap();
    println!("\nlistening on {}", server.address);
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_without_files_for_more_connections_goes_on_answering() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "http::tests::limits::a_server_that_runs_out_of_files", "--ignored", "--nocapture"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address: SocketAddr =
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("listening on ")?.parse().ok()).unwrap();
    let connect = async || Peer(TcpStream::connect(address).await.unwrap());
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(connect().await);
    }
    for _ in 0..3 {
        assert!(connect().await.get("/").await.ends_with("hello"));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
