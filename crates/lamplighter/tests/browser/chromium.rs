//! Headless Chromium, spoken to over pipes with its debugging protocol: JSON, each message followed by
//! a zero byte, in on descriptor 3 and out on descriptor 4. The shell between us makes those two.

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long anything may take to appear.
const PATIENCE: Duration = Duration::from_secs(90);

/// One browser with one view, as wide as a telephone.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: String,
    next_id: u64,
    folder: PathBuf,
    complaints: Vec<String>,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let program = std::env::var("LAMPLIGHTER_TEST_CHROMIUM")
            .expect("LAMPLIGHTER_TEST_CHROMIUM names a browser; `cargo xtask test` sets it");
        let folder =
            std::env::temp_dir().join(format!("lamplighter-chromium-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", &program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-quic", "--disable-background-networking", "--disable-sync"])
            .args(["--disable-component-update", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", folder.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in output.split(0) {
                let value = message.ok().and_then(|it| serde_json::from_slice(&it).ok());
                let Some(value) = value else { return };
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take().expect("piped");
        let session = String::new();
        let complaints = vec![];
        let mut browser = Self { child, input, messages, session, next_id: 0, folder, complaints };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        attached["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, json!({}));
        }
        let metrics =
            json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
        browser.call("Emulation.setDeviceMetricsOverride", metrics);
        browser
    }

    pub(crate) fn open(&mut self, url: &str) {
        let done = self.call("Page.navigate", json!({ "url": url }));
        assert!(done.get("errorText").is_none(), "{url}: {done}");
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// Waits until an expression is true, however often the view is loaded meanwhile.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let script = format!(
            "new Promise((done) => {{ const look = () => ({expression}) ? done('yes') : \
             setTimeout(look, 50); look(); setTimeout(() => done('no'), 2000); }})"
        );
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            // A view that goes away takes its promise with it; then we ask the next one.
            if self.evaluate(&script).as_deref() == Some("yes") {
                return;
            }
        }
        let shown = self.evaluate("document.body.innerText").unwrap_or_default();
        panic!("never true: {expression}\nthe view shows:\n{shown}");
    }

    pub(crate) fn click(&mut self, selector: &str) {
        self.wait_for(&format!("document.querySelector('{selector}')"));
        let script = format!("document.querySelector('{selector}').click(), 'clicked'");
        self.evaluate(&script).expect("the click is carried out");
    }

    pub(crate) fn fill(&mut self, selector: &str, text: &str) {
        let text = Value::from(text);
        let script = format!("document.querySelector('{selector}').value = {text}, 'filled'");
        self.evaluate(&script).expect("the field takes text");
    }

    /// The value of an expression that gives text.
    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.evaluate(expression).expect("an expression that gives text")
    }

    /// Keeps what is on the screen under `target/screenshots`, for people to look at.
    pub(crate) fn screenshot(&mut self, name: &str) {
        use base64::Engine as _;
        let shot = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true }));
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(shot["data"].as_str().expect("an image"))
            .expect("base64");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        fs::create_dir_all(&folder).expect("a folder for screenshots");
        fs::write(folder.join(format!("{name}.png")), bytes).expect("written");
    }

    /// Errors the browser told of: refused scripts, missing files, exceptions.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.clone()
    }

    fn evaluate(&mut self, script: &str) -> Option<String> {
        let question = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", question);
        answer["result"]["value"].as_str().map(str::to_owned)
    }

    /// Asks and waits for the answer; an error becomes `null`, which no caller takes for a yes.
    #[expect(clippy::needless_pass_by_value, reason = "callers make it for this call")]
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = Value::from(self.session.as_str());
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).expect("the browser listens");
        loop {
            let message = match self.messages.recv_timeout(PATIENCE) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => panic!("no answer to {method}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the browser ended at {method}"),
            };
            if message["id"] == id {
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Value) {
        let entry = &message["params"]["entry"];
        let told = match message["method"].as_str() {
            Some("Log.entryAdded") if entry["level"] == "error" => {
                format!("{} {}", entry["text"], entry["url"])
            }
            Some("Runtime.exceptionThrown") => message["params"]["exceptionDetails"].to_string(),
            _ => return,
        };
        self.complaints.push(told);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
