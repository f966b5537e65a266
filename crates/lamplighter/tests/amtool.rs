//! The command line of Alertmanager, used against us for alerts and silences.

#![cfg(feature = "servers")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

mod needs_server {
    use crate::common::{Server, folder, http};
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn amtool_lists_alerts_and_sets_changes_and_ends_silences() {
        let home = folder("amtool");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/solar");
        let server = Server::start(&example.join("lamplighter.yaml"), &home.join("data"));
        let session = server.first_session("ana");
        let token = server.token_of(&session, "api", "laptop");
        let login = home.join("http.yml");
        let secret = format!("authorization: {{ credentials: {token} }}\n");
        std::fs::write(&login, secret).expect("written");
        let door = server.door_key_of(&session, "prometheus");
        let bearer = format!("Bearer {door}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let alerts = r#"[{"labels":{"alertname":"TooSlow","mast":"7"}},
            {"labels":{"alertname":"TooSlow","mast":"8"}}]"#;
        let sent = http("POST", &server.address, "/api/v2/alerts", &headers, alerts);
        assert_eq!(sent.expect("answered").status, 200);
        let amtool = |words: &[&str]| {
            let output = Command::new("amtool")
                .arg(format!("--alertmanager.url=http://{}", server.address))
                .arg(format!("--http.config.file={}", login.display()))
                .args(words)
                .output()
                .expect("amtool comes with Debian's prometheus-alertmanager");
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{words:?}: {told}{complaint}");
            told.trim().to_owned()
        };
        let count = |words: &[&str]| {
            let listed: serde_json::Value =
                serde_json::from_str(&amtool(words)).expect("amtool prints JSON");
            listed.as_array().expect("a list").len()
        };
        assert_eq!(count(&["alert", "query", "-o", "json"]), 2);
        assert_eq!(count(&["alert", "query", "-o", "json", "mast=7"]), 1);
        let add = ["silence", "add", "--duration=2h", "--comment=painting", "mast=~7|9"];
        let id = amtool(&add);
        assert_eq!(id, "si_1");
        assert_eq!(count(&["alert", "query", "-o", "json"]), 1, "the silenced one is left out");
        assert_eq!(count(&["alert", "query", "-o", "json", "--silenced"]), 1);
        assert_eq!(count(&["silence", "query", "-o", "json"]), 1);
        // With `-q` this version prints the address of the id instead of the id.
        amtool(&["silence", "update", "--duration=4h", "-o", "json", &id]);
        assert_eq!(amtool(&["silence", "query", "-q"]), "si_2");
        amtool(&["silence", "expire", "si_2"]);
        assert_eq!(amtool(&["silence", "query", "-q"]), "");
        assert_eq!(count(&["alert", "query", "-o", "json"]), 2);
        server.kill();
        let _ = std::fs::remove_dir_all(&home);
    }
}
