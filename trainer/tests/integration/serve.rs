//! `cargo trainer serve`: the headers of the build, the right types and variants, nothing outside
//! the folder, and errors that say what to do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const HEADERS: &str = r#"{
  "headers": { "content-security-policy": "default-src 'none'", "cache-control": "no-cache" },
  "types": { ".html": "text/html; charset=utf-8", ".wasm": "application/wasm" },
  "compressedBelow": 0.8
}"#;

fn page(folder: &Path) {
    let dir = folder.join("dist");
    fs::create_dir_all(dir.join("pkg")).unwrap();
    let files: [(&str, &[u8]); 8] = [
        ("index.html", b"<!doctype html>"),
        ("headers.json", HEADERS.as_bytes()),
        ("pkg/a.wasm", &[7; 1000]),
        ("pkg/a.wasm.br", &[8; 300]),
        ("pkg/a.wasm.gz", &[9; 400]),
        ("large.nodulens", &[1; 1000]),
        ("large.nodulens.br", &[2; 900]),
        ("large.nodulens.gz", &[3; 950]),
    ];
    for (name, bytes) in files {
        fs::write(dir.join(name), bytes).unwrap();
    }
    fs::write(folder.join("secret"), "secret").unwrap();
}

struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn command(dir: &Path, port: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nodulens"));
    command.arg("serve").arg("--dir").arg(dir).args(["--port", port]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(dir: &Path) -> Server {
    let mut child = command(dir, "0").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.trim().strip_prefix("Nodulens: http://").unwrap().trim_end_matches('/').to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    Server { child, address }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Server {
    /// As it stands: client libraries tidy a path before they send it.
    fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
            .unwrap();
        let mut bytes = vec![];
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "accept-encoding: gzip, br\r\n")
    }
}

#[test]
fn files_come_with_headers_types_and_the_smaller_variant() {
    let folder = tempfile::tempdir().unwrap();
    page(folder.path());
    let server = start(&folder.path().join("dist"));

    let index = server.get("/");
    assert_eq!((index.status, index.body.as_slice()), (200, b"<!doctype html>".as_slice()));
    assert_eq!(index.header("content-type"), Some("text/html; charset=utf-8"));

    let wasm = server.get("/pkg/a.wasm");
    assert_eq!((wasm.status, wasm.body), (200, vec![8; 300]));
    let wasm = server.get("/pkg/a.wasm");
    assert_eq!(wasm.header("content-encoding"), Some("br"));
    assert_eq!(wasm.header("content-type"), Some("application/wasm"));
    assert_eq!(wasm.header("x-uncompressed-length"), Some("1000"));
    let gzip = server.ask("GET", "/pkg/a.wasm", "accept-encoding: gzip\r\n");
    assert_eq!((gzip.header("content-encoding"), gzip.body.len()), (Some("gzip"), 400));
    let plain = server.ask("GET", "/pkg/a.wasm", "");
    assert_eq!((plain.header("content-encoding"), plain.body.len()), (None, 1000));

    // Hardly smaller: not worth unpacking.
    let weights = server.get("/large.nodulens");
    assert_eq!((weights.header("content-encoding"), &weights.body), (None, &vec![1; 1000]));

    let since = format!("if-modified-since: {}\r\n", index.header("last-modified").unwrap());
    assert_eq!(server.ask("GET", "/", &since).status, 304);
    assert_eq!(server.ask("HEAD", "/", "").body, b"");
    let posted = server.ask("POST", "/", "content-length: 0\r\n");
    let missing = server.get("/missing");
    assert_eq!((posted.status, missing.status), (405, 404));
    // On whatever is answered.
    for answer in [index, wasm, gzip, posted, missing] {
        assert_eq!(
            answer.header("content-security-policy"),
            Some("default-src 'none'"),
            "{}",
            answer.head
        );
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{}", answer.head);
    }
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    page(folder.path());
    let server = start(&folder.path().join("dist"));
    let secret = folder.path().join("secret");
    let absolute = format!("/{}", secret.display());
    for path in [
        "/../secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "/pkg/../../secret",
        "/..\\secret",
        "/..%5csecret",
        "//etc/passwd",
        "/%00",
        absolute.as_str(),
    ] {
        let answer = server.get(path);
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.head);
        assert!(!answer.body.ends_with(b"secret"), "{path}");
    }
}

fn fails(dir: &Path, port: &str) -> String {
    let output = command(dir, port).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let empty = fails(folder.path(), "0");
    assert!(empty.contains("holds no page") && empty.contains("make build"), "{empty}");
    page(folder.path());
    let dir = folder.path().join("dist");
    let server = start(&dir);
    let port = server.address.rsplit(':').next().unwrap();
    let taken = fails(&dir, port);
    assert!(taken.contains(&format!("port {port} is taken")), "{taken}");
    fs::write(dir.join("headers.json"), "{").unwrap();
    let damaged = fails(&dir, "0");
    assert!(
        damaged.contains("headers.json") && damaged.contains("build the page again"),
        "{damaged}"
    );
}
