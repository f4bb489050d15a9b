//! Programs in folders of their own, played by the shell, and asked over HTTP, played by a scripted server.

use std::fs;

use serde_json::json;
use testkit::folder::Folder;
use testkit::scripted::{Fault, Server};
use testkit::service::Service;
use testkit::{Latch, wait_for};

/// Logs where `server` listens, prints what it got, and stays.
fn started(server: &Server) -> Service {
    let folder = Folder::new("/bin/sh");
    let script = r#"echo "INFO Listening on $0, ready" >&2; echo got "$1"; echo got "$1"; exec tail -f /dev/null"#;
    Service::start(folder.command(&["-c", script, &server.url(), "what it needs"]), "Listening on http://")
}

#[test]
fn a_run_shows_what_it_was_given_and_what_it_left() {
    let folder = Folder::new("/bin/sh");
    folder.write("here", "a file");
    let run = folder.answer(&["-c", r#"cat here -; echo "home: $HOME" >&2; exit 3"#], ", an input");
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(3), "a file, an input", "home: \n"));
    let copied = Folder::new("/bin/sh");
    copied.copy(folder.path("").as_path(), "a/b");
    assert_eq!(fs::read_to_string(copied.path("a/b/here")).unwrap(), "a file");
}

#[test]
fn a_service_is_asked_where_it_says_that_it_listens_until_it_is_stopped() {
    let server = Server::start(|request| (418, json!([request.method, request.target, request.body]))).unwrap();
    let mut service = started(&server);
    assert_eq!(format!("http://{}", service.address()), server.url());
    service.printed("got what it needs", 2);
    assert_eq!(service.log(), [format!("INFO Listening on {}, ready", server.url())]);
    let answer = service.ask("POST", "/a?b=c", &[("x-id", "7")], b"body");
    assert_eq!((answer.status, answer.json()), (418, json!(["POST", "/a?b=c", "body"])));
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(server.requests()[0].header("X-ID"), Some("7"));
    service.signal("TERM");
    assert_eq!(service.ended(), None, "a signal ended it");
}

#[test]
fn an_answer_is_waited_for_and_one_that_is_held_back_comes_when_the_latch_opens() {
    let server = Server::start(|_| (200, json!("well"))).unwrap();
    let service = started(&server);
    server.inject(Fault::status(503).times(2));
    assert_eq!(service.answers("/healthz", 200).text(), "\"well\"");
    assert_eq!(server.request_count(), 3);
    let latch = Latch::closed();
    server.inject(Fault::Hold(latch.clone()));
    std::thread::scope(|scope| {
        let held = scope.spawn(|| service.get("/slow"));
        latch.wait_until_held();
        assert!(!held.is_finished());
        latch.open();
        assert_eq!(held.join().unwrap().status, 200);
    });
    assert!(wait_for(|| (latch.held() == 0).then_some(())).is_some());
}
