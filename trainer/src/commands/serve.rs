//! `nodulens serve`: the built page on this computer, for this computer alone.

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use tower_http::services::ServeDir;

/// Without `--port`, the first free one of these.
const PORTS: std::ops::RangeInclusive<u16> = 8000..=8100;

/// Arguments of `nodulens serve`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of the built page.
    #[arg(long, default_value = "dist")]
    dir: PathBuf,
    /// Port on 127.0.0.1; without it the first free one from 8000 on, with 0 any.
    #[arg(long)]
    port: Option<u16>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
}

/// What the build says of serving it: `headers.json`, from what scripts/serve.mjs sends.
#[derive(Deserialize)]
struct Written {
    headers: BTreeMap<String, String>,
    /// By extension, with its dot.
    types: BTreeMap<String, String>,
    /// A compressed variant is sent where its share of the size is below this.
    #[serde(rename = "compressedBelow")]
    compressed_below: f64,
}

struct Site {
    dir: PathBuf,
    headers: HeaderMap,
    types: BTreeMap<String, HeaderValue>,
    compressed_below: f64,
}

/// Serve until it is stopped.
///
/// # Errors
/// No page in the folder, no port.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let site = Arc::new(Site::read(&arguments.dir)?);
    let listener = listen(arguments.port)?;
    let url = format!("http://{}/", listener.local_addr()?);
    println!("Nodulens: {url}\nCtrl-C stops.");
    if arguments.open {
        open(&url);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, router(site)).await
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Site {
    fn read(dir: &Path) -> Result<Site> {
        let there = dir.join("index.html").is_file();
        ensure!(
            there,
            "{} holds no page: run `make build` first, or name it with --dir",
            dir.display()
        );
        let file = dir.join("headers.json");
        let text =
            fs::read(&file).with_context(|| format!("{}: build the page again", file.display()))?;
        let written: Written = serde_json::from_slice(&text)
            .with_context(|| format!("{}: build the page again", file.display()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &written.headers {
            headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        let mut types = BTreeMap::new();
        for (extension, value) in &written.types {
            let extension = extension.trim_start_matches('.').to_owned();
            types.insert(extension, HeaderValue::try_from(value)?);
        }
        let dir = dir.to_path_buf();
        Ok(Site { dir, headers, types, compressed_below: written.compressed_below })
    }

    /// Return the file that a path asks for, where that is plain to see; the page's own paths are.
    fn file(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path.strip_prefix('/')?);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let file = self.dir.join(path);
        let file = if file.is_dir() { file.join("index.html") } else { file };
        (plain && file.is_file()).then_some(file)
    }
}

fn listen(port: Option<u16>) -> Result<TcpListener> {
    let candidates = port.map_or(PORTS, |port| port..=port);
    for candidate in candidates {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).with_context(|| format!("port {candidate}")),
        }
    }
    match port {
        Some(port) => bail!("port {port} is taken: choose another with --port, or leave it out"),
        None => bail!("no port from {} to {} is free", PORTS.start(), PORTS.end()),
    }
}

fn router(site: Arc<Site>) -> Router {
    let files = ServeDir::new(&site.dir).precompressed_br().precompressed_gzip();
    Router::new().fallback_service(files).layer(middleware::from_fn_with_state(site, dress))
}

/// Put the headers on every answer, and the type by the build's own table.
async fn dress(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    let file = site.file(request.uri().path());
    let raw = file.as_deref().and_then(size);
    if let (Some(file), Some(raw)) = (&file, raw) {
        let worth = |suffix: &str| {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            size(Path::new(&name))
                .is_some_and(|size| size as f64 <= raw as f64 * site.compressed_below)
        };
        // Weights shrink little and take long to unpack.
        if !worth(".br") {
            request.headers_mut().remove(ACCEPT_ENCODING);
        }
    }
    let mut response = next.run(request).await;
    let is_encoded = response.headers().contains_key(CONTENT_ENCODING);
    let headers = response.headers_mut();
    if let Some(file) = file {
        let extension =
            file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if let Some(value) = site.types.get(extension) {
            headers.insert(CONTENT_TYPE, value.clone());
        }
        if let (true, Some(raw)) = (is_encoded, raw) {
            // For the progress of the weights: content-length counts the compressed bytes.
            headers.insert(HeaderName::from_static("x-uncompressed-length"), raw.into());
        }
    }
    headers.extend(site.headers.clone());
    response
}

fn size(file: &Path) -> Option<u64> {
    fs::metadata(file).ok().map(|data| data.len())
}

/// Open the browser. Best effort: the address stands on the terminal, too.
fn open(url: &str) {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let quiet = Command::new(program)
        .args(before)
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = quiet {
        eprintln!("The browser could not be opened ({program}: {error}).");
    }
}
