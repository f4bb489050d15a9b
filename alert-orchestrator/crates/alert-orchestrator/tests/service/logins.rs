//! Who gets in where, and what is said about those who do not.

use serde_json::json;
use testkit::service::{Answer, Service};

use crate::server;
use crate::world::World;

const SHA256: &str = "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631";
/// The hash of `abc` among jBCrypt's test vectors.
const BCRYPT: &str = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

/// A login: `anna` with the password `correct horse`.
pub(crate) const AUTH: &str = "  auth: {enabled: true, username: anna, password_hash: \
                               \"sha256:4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631\"}\n";
/// Her credentials, `printf 'anna:correct horse' | base64`.
pub(crate) const ANNA: (&str, &str) = ("authorization", "Basic YW5uYTpjb3JyZWN0IGhvcnNl");
/// `bert:abc`
const BERT: (&str, &str) = ("authorization", "Basic YmVydDphYmM=");
/// `anna:wrong`
const WRONG: (&str, &str) = ("authorization", "Basic YW5uYTp3cm9uZw==");

const PROTECTED: &str = "/api/config/normalized";

/// Anna and bert, with more settings of `auth`.
fn both_users(more: &str) -> String {
    format!(
        "  auth:\n    enabled: true\n    username: anna\n    password_hash: sha256:{SHA256}\n    \
         users: [{{username: bert, password_hash: \"bcrypt:{BCRYPT}\"}}]\n{more}"
    )
}

fn serve(world: &World, orchestrator: &str) -> Service {
    world.configure(orchestrator);
    let server = world.serve();
    server.answers("/startupz", 200);
    server
}

fn status(server: &Service, headers: &[(&str, &str)]) -> u16 {
    server.ask("GET", PROTECTED, headers, b"").status
}

#[test]
fn a_login_is_asked_for_where_the_description_says_so() {
    let world = World::embedded();
    for (require_for, page_is_open) in [("sensitive", true), ("all", false)] {
        let server = serve(&world, &both_users(&format!("    require_for: {require_for}\n")));
        let description = server.ask("GET", "/api/openapi.json", &[ANNA], b"").json();
        let mut asked = 0;
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let is_open = match operation["security"].to_string().as_str() {
                    "[]" => true,
                    r#"[{},{"basic":[]}]"# => page_is_open,
                    r#"[{"basic":[]}]"# => false,
                    other => panic!("{path}: {other}"),
                };
                let path = path.replace("{file}", "x.png");
                let ask = |headers: &[(&str, &str)]| server.ask(&method.to_uppercase(), &path, headers, b"");
                let anonymous = ask(&[]);
                assert_eq!(anonymous.status != 401, is_open, "{require_for}: {method} {path}: {}", anonymous.status);
                if !is_open {
                    asked += 1;
                    assert_eq!(anonymous.header("www-authenticate"), Some("Basic realm=\"Alert Orchestrator\""));
                    assert_eq!(anonymous.json()["status"], "error");
                    assert_ne!(ask(&[ANNA]).status, 401, "{method} {path}");
                }
            }
        }
        assert_eq!(asked, if page_is_open { 3 } else { 17 }, "{require_for}");
    }
}

#[test]
fn users_of_both_kinds_get_in_and_others_do_not() {
    let world = World::embedded();
    let server = serve(&world, &both_users(""));
    for user in [ANNA, BERT, ("authorization", "basic YmVydDphYmM=")] {
        assert_eq!(status(&server, &[user]), 200, "{user:?}");
    }
    let nobody = ("authorization", "Basic bm9ib2R5OmFiYw=="); // nobody:abc
    let of_other = ("authorization", "Basic YW5uYTphYmM="); // anna:abc
    for (headers, expected) in [(&[][..], 401), (&[nobody], 401), (&[of_other], 401), (&[WRONG], 401)] {
        assert_eq!(status(&server, headers), expected, "{headers:?}");
    }
    server.logged("kept as SHA-256");
    assert!(server.log().iter().any(|line| line.contains("WARNING") && line.contains("the password of anna is kept")));
    assert!(!server.log().iter().any(|line| line.contains("the password of bert is kept")));
}

/// Waits as it is told to, or does not: 401 until the fifth failure, 429 from then on.
fn fail_until_locked_out(server: &Service, headers: &[(&str, &str)]) -> Answer {
    for _ in 0..5 {
        assert_eq!(status(server, headers), 401);
    }
    let refused = server.ask("GET", PROTECTED, headers, b"");
    assert_eq!((refused.status, &refused.json()["status"]), (429, &json!("error")), "{}", refused.text());
    refused
}

#[test]
fn five_failures_close_the_door_to_one_client_and_no_other() {
    let world = World::embedded();
    let proxied = "  telemetry: {listen_port: 0, trusted_proxies: [127.0.0.1, 10.0.0.0/8]}\n";
    let server = serve(&world, &(both_users("") + proxied));
    let guesser = ("x-forwarded-for", "203.0.113.7, 192.0.2.1, 10.1.2.3");
    let refused = fail_until_locked_out(&server, &[WRONG, guesser]);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "one more every 12 s: {wait}");
    assert_eq!(status(&server, &[ANNA, guesser]), 429, "not even with the right password");
    assert_eq!(status(&server, &[ANNA, ("x-forwarded-for", "192.0.2.2")]), 200, "another client");
    assert_eq!(
        status(&server, &[ANNA, ("x-forwarded-for", "192.0.2.1, 203.0.113.7")]),
        200,
        "the first untrusted from the right"
    );
    assert_eq!(server.ask("GET", "/api/decisions", &[guesser], b"").status, 200, "what is open stays open");
    let line = server.logged("failed login: the user is unknown or the password is wrong");
    assert!(line.contains("client=192.0.2.1") && line.contains("correlationId="), "{line}");
}

#[test]
fn nobody_becomes_another_client_by_saying_so() {
    let world = World::embedded();
    let server = serve(&world, &both_users(""));
    for host in 1..=5 {
        let forwarded = format!("192.0.2.{host}");
        assert_eq!(status(&server, &[WRONG, ("x-forwarded-for", &forwarded)]), 401);
    }
    assert_eq!(status(&server, &[WRONG, ("x-forwarded-for", "192.0.2.6")]), 429);
}

#[test]
fn malformed_credentials_are_failures_and_logged_without_what_was_sent() {
    let world = World::embedded();
    let server = serve(&world, &both_users(""));
    let malformed = ["Bearer s3cr3t-token", "Basic s3cr3t!", "Basic", "Digest s3cr3t", "Basic czNjcjN0"]; // no colon
    for header in malformed {
        assert_eq!(status(&server, &[("authorization", header)]), 401, "{header}");
    }
    assert_eq!(status(&server, &[ANNA]), 429);
    let line = server.logged("failed login: the Authorization header is malformed");
    assert!(line.contains("WARNING") && line.contains("client=127.0.0.1"), "{line}");
    assert_no_secret(&server, &["s3cr3t", "czNjcjN0"]);
}

/// Nothing that was ever sent or configured as a secret is in the log.
fn assert_no_secret(server: &Service, more: &[&str]) {
    let secrets = [SHA256, BCRYPT, &BCRYPT[7..], "correct horse", "YW5uYTpjb3JyZWN0IGhvcnNl", "YmVydDphYmM="];
    for line in server.log() {
        for secret in secrets.iter().chain(more) {
            assert!(!line.contains(secret), "{secret:?} is in {line:?}");
        }
    }
}

#[test]
fn no_secret_is_shown_or_logged() {
    let world = World::embedded();
    let server = serve(&world, &both_users(""));
    for user in [ANNA, BERT, WRONG] {
        status(&server, &[user]);
    }
    server.signal("HUP");
    server.logged("Reloaded configuration from world.yaml");
    assert_eq!(status(&server, &[ANNA]), 200);
    assert_no_secret(&server, &["anna:wrong", "YW5uYTp3cm9uZw=="]);
    let shown = server.ask("GET", PROTECTED, &[BERT], b"");
    let auth = &shown.json()["orchestrator"]["auth"];
    assert_eq!((&auth["username"], &auth["users"][0]["username"]), (&json!("anna"), &json!("bert")));
    for hash in [&auth["password_hash"], &auth["users"][0]["password_hash"]] {
        assert_eq!(hash, "[redacted]");
    }
    assert!(!shown.text().contains(SHA256) && !shown.text().contains(BCRYPT), "{}", shown.text());
    let printed = world.run(&["--print-config-normalized"]);
    assert!(!printed.stdout.contains(SHA256) && !printed.stdout.contains(BCRYPT));
}

#[test]
fn a_reload_changes_who_gets_in() {
    let world = World::embedded();
    let server = serve(&world, &both_users(""));
    assert_eq!((status(&server, &[ANNA]), status(&server, &[BERT])), (200, 200));
    let berts = format!("  auth: {{enabled: true, username: anna, password_hash: \"bcrypt:{BCRYPT}\"}}\n");
    world.configure(&berts);
    server.signal("HUP");
    server.logged("Reloaded configuration from world.yaml");
    let now_hers = ("authorization", "Basic YW5uYTphYmM="); // anna:abc
    assert_eq!([ANNA, BERT, now_hers].map(|user| status(&server, &[user])), [401, 401, 200]);

    world.configure(&berts.replace("$2a$06$", "$2a$31$"));
    server.signal("HUP");
    server.logged("the configuration read before stays in effect");
    assert_eq!(status(&server, &[now_hers]), 200);
}

#[test]
fn a_hash_in_a_file_is_changed_by_a_reload() {
    let world = World::embedded();
    world.configure("  auth: {enabled: true, username: anna, password_hash: \"${HASH}\"}\n");
    world.clone.write("hash", &format!("bcrypt:{BCRYPT}\n"));
    let mut command = world.clone.command(&world.arguments(&[]));
    command.env("HASH_FILE", world.clone.path("hash"));
    let server = server::start(command);
    server.answers("/startupz", 200);
    assert_eq!(status(&server, &[ANNA]), 401);
    world.clone.write("hash", &format!("sha256:{SHA256}\n"));
    server.signal("HUP");
    server.logged("Reloaded configuration");
    assert_eq!(status(&server, &[ANNA]), 200);
}

#[test]
fn a_hash_that_was_made_here_lets_in() {
    let world = World::embedded();
    let made = world.clone.answer(&["hash-password"], "correct horse\n");
    assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""));
    let hash = made.stdout.strip_suffix('\n').unwrap();
    assert!(hash.starts_with("bcrypt:$2b$12$"), "{hash}");
    let server = serve(&world, &format!("  auth: {{enabled: true, username: anna, password_hash: \"{hash}\"}}\n"));
    assert_eq!((status(&server, &[ANNA]), status(&server, &[WRONG])), (200, 401));
    assert!(!server.log().iter().any(|line| line.contains("SHA-256")));
}

#[test]
fn a_password_that_bcrypt_would_not_see_whole_gets_no_hash() {
    let world = World::embedded();
    let long = "x".repeat(72);
    for (input, expected) in
        [("", "it is empty"), ("\n", "it is empty"), (&long, "it is 72 bytes long, expected at most 71")]
    {
        let refused = world.clone.answer(&["hash-password"], input);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{input:?}");
        assert!(refused.stderr.contains(expected), "{input:?}: {}", refused.stderr);
        assert!(!refused.stderr.contains(&long[..10]), "{}", refused.stderr);
    }
    let longest = world.clone.answer(&["hash-password"], &format!("{}\r\n", &long[1..]));
    assert_eq!(longest.code, Some(0), "{}", longest.stderr);
}

#[test]
fn whoever_listens_to_all_without_a_login_is_warned() {
    let world = World::embedded();
    let warning = "without orchestrator.auth: whoever reaches it sees wallets and limits";
    for (address, auth, is_warned) in
        [("0.0.0.0", "", true), ("0.0.0.0", AUTH, false), ("127.0.0.1", "", false), ("localhost", "", false)]
    {
        let telemetry = format!("  telemetry: {{listen_port: 0, listen_address: {address}}}\n");
        let server = serve(&world, &(telemetry + auth));
        let warned: Vec<String> = server.log().into_iter().filter(|line| line.contains(warning)).collect();
        assert_eq!(!warned.is_empty(), is_warned, "{address} {auth}: {warned:?}");
        assert!(warned.iter().all(|line| line.contains("WARNING") && line.contains(address)), "{warned:?}");
    }
}

#[test]
fn a_login_that_could_never_succeed_stops_the_start() {
    let world = World::embedded();
    let unusable = BCRYPT.replace("$2a$06$", "$2a$31$"); // would take days
    for (auth, expected) in [
        ("".to_owned(), "found true without a user"),
        (", username: anna".to_owned(), "orchestrator.auth.password_hash: missing"),
        (
            ", username: anna, password_hash: \"md5:s3cr3t\"".to_owned(),
            "orchestrator.auth.password_hash: found a password hash of an unknown kind",
        ),
        (
            ", username: anna, password_hash: \"bcrypt:s3cr3t\"".to_owned(),
            "orchestrator.auth.password_hash: found bcrypt: without a hash",
        ),
        (
            format!(", username: anna, password_hash: \"bcrypt:{unusable}\""),
            "orchestrator.auth.password_hash: found bcrypt: without a hash",
        ),
        (
            ", users: [{username: bert, password_hash: \"sha256:s3cr3t\"}]".to_owned(),
            "orchestrator.auth.users[0].password_hash",
        ),
    ] {
        world.configure(&format!("  auth: {{enabled: true{auth}}}\n"));
        let run = world.run(&[]);
        assert_eq!(run.code, Some(2), "{auth}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{auth}: {}", run.stderr);
        assert!(!run.stderr.contains("s3cr3t") && !run.stderr.contains(&unusable), "{auth}: {}", run.stderr);
        assert!(!run.stderr.contains("Starting HTTP server"), "{auth}: {}", run.stderr);
    }
}
