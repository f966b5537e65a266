//! "Ana is on duty": a signed statement that other systems believe, and for how long.

use crate::world::World;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Millis;
use serde_json::Value;
use testkit::MONDAY;

impl World {
    async fn asked(&self, key: &str, path: &str) -> (StatusCode, Value) {
        let (status, body) = self.http("GET", path, Some(key), "").await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }
}

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

const PATH: &str = "/api/v1/duty/payments/statement";

#[tokio::test]
async fn a_statement_names_who_is_on_duty_and_ends_with_the_shift() {
    let mut world = World::at(MONDAY).await;
    let key = world.api_token("bo").await;
    let (status, said) = world.asked(&key, &format!("{PATH}?audience=vault")).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let token = said["statements"][0]["token"].as_str().expect("a token");
    let claims = part(token, 1);
    assert_eq!((&claims["sub"], &claims["aud"]), (&"ana".into(), &"vault".into()));
    assert_eq!(claims["iss"], "http://lamp.example");
    let seconds = |it: &str| claims[it].as_i64().expect("seconds");
    assert_eq!((seconds("exp") - seconds("iat"), seconds("iat") - seconds("nbf")), (360, 0));
    // The key it names is shown to everybody, without a key of theirs.
    let (status, keys) = world.http("GET", "/.well-known/jwks.json", None, "").await;
    assert_eq!(status, StatusCode::OK);
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    let known: Vec<&Value> = keys["keys"].as_array().expect("keys").iter().collect();
    assert_eq!(known.iter().filter(|it| it["kid"] == part(token, 0)["kid"]).count(), 1);
    assert_eq!(known.len(), 3, "of last month, this one and the next");
    // Somebody else is not on duty, and in two minutes the shift is over.
    let (status, said) = world.asked(&key, &format!("{PATH}?person=chen")).await;
    assert_eq!(status, StatusCode::CONFLICT, "{said}");
    let to = world.now().plus(Millis::from_hours(2));
    let from = world.now().plus(Millis::from_mins(2));
    let body =
        format!(r#"{{"rota":"payments","replace":"ana","by":"chen","from":"{from}","to":"{to}"}}"#);
    let (status, _) = world.http("POST", "/api/v1/overrides", Some(&key), &body).await;
    assert_eq!(status, StatusCode::OK);
    let (_, said) = world.asked(&key, PATH).await;
    assert_eq!(said["statements"][0]["expires_at"], from.to_string());
    world.clock.advance(Millis::from_mins(2));
    world.settle().await;
    let (_, said) = world.asked(&key, PATH).await;
    assert_eq!(said["statements"][0]["person"], "chen");
    let (status, _) = world.asked("no-key", PATH).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

/// `PyJWT` and `cryptography` read the keys and the statement, and refuse what is changed or late.
#[cfg(feature = "servers")]
mod needs_server {
    use super::{MONDAY, PATH, StatusCode, World};
    use std::path::Path;
    use std::process::Command;

    const PYJWT: &str = "pyjwt[crypto]==2.10.1";
    const SCRIPT: &str = "
import json, sys, datetime, jwt
keys, token, now = json.load(open(sys.argv[1])), open(sys.argv[2]).read(), float(sys.argv[3])
kid = jwt.get_unverified_header(token)['kid']
key = next(jwt.PyJWK(it) for it in keys['keys'] if it['kid'] == kid)
import jwt.api_jwt as api
class Clock(datetime.datetime):
    at = now
    @classmethod
    def now(cls, tz=None): return datetime.datetime.fromtimestamp(cls.at, tz)
api.datetime = Clock
def read(text, at):
    Clock.at = at
    try:
        return jwt.decode(text, key.key, algorithms=['EdDSA'], audience='vault', issuer='http://lamp.example')['sub']
    except jwt.PyJWTError as error:
        return type(error).__name__
head, body, mark = token.split('.')
other = token[:-8] + ('AAAAAAAA' if token[-8:] != 'AAAAAAAA' else 'BBBBBBBB')
print(read(token, now), read(token, now - 30), read(token, now + 299), read(token, now + 301), read(token, now - 90), read(other, now))
";

    fn run(what: &Path, args: &[&str]) -> String {
        let done = Command::new(what).args(args).output().expect("python3 with venv is installed");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{} {args:?}: {said}", what.display());
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    /// The commands of the book with openssl, typed as they stand there.
    #[tokio::test]
    async fn the_book_checks_one_with_openssl() {
        const BOOK: &str = include_str!("../../../../docs/book/src/statement.md");
        let example = BOOK.split("With openssl 3").nth(1).expect("it stands in the book");
        let example = example.split("```").nth(1).expect("an example").lines().skip(1);
        let (typed, said): (Vec<&str>, Vec<&str>) = example.partition(|it| it.starts_with("$ "));
        let typed: Vec<&str> = typed.iter().map(|it| &it[2..]).collect();
        assert_eq!((typed.len(), said.as_slice()), (4, &["Signature Verified Successfully"][..]));
        let world = World::at(MONDAY).await;
        let key = world.api_token("bo").await;
        let (_, answer) = world.asked(&key, PATH).await;
        let token = answer["statements"][0]["token"].as_str().expect("a token");
        let (_, keys) = world.asked(&key, "/.well-known/jwks.json").await;
        let kid = super::part(token, 0)["kid"].clone();
        let listed = keys["keys"].as_array().expect("keys");
        let x = listed.iter().find(|it| it["kid"] == kid).expect("the key that signed");
        let home = std::env::temp_dir().join(format!("lamplighter-openssl-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder");
        let checked = |token: &str| {
            let done = Command::new("sh")
                .args(["-c", &typed.join("\n")])
                .current_dir(&home)
                .env("TOKEN", token)
                .env("X", x["x"].as_str().expect("a point"))
                .output()
                .expect("sh and openssl are installed");
            let (told, failed) = (done.stdout, done.stderr);
            (done.status.success(), String::from_utf8_lossy(&[told, failed].concat()).into_owned())
        };
        let (good, told) = checked(token);
        assert!(good && told == format!("{}\n", said[0]), "{told}");
        // Another statement under the same signature is none.
        let (good, told) = checked(&token.replacen("eyJ", "eyK", 1));
        assert!(!good && told.contains("Signature Verification Failure"), "{told}");
        let _ = std::fs::remove_dir_all(&home);
    }

    #[tokio::test]
    async fn another_implementation_believes_it_as_long_as_it_should() {
        let world = World::at(MONDAY).await;
        let key = world.api_token("bo").await;
        let (status, said) = world.asked(&key, &format!("{PATH}?audience=vault")).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        let home = std::env::temp_dir().join(format!("lamplighter-jwt-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder");
        let at = |name: &str| home.join(name).to_string_lossy().into_owned();
        let (_, keys) = world.http("GET", "/.well-known/jwks.json", None, "").await;
        let token = said["statements"][0]["token"].as_str().expect("a token");
        for (name, text) in [("keys.json", keys.as_str()), ("token", token), ("read.py", SCRIPT)] {
            std::fs::write(at(name), text).expect("written");
        }
        run(Path::new("python3"), &["-m", "venv", &at("venv")]);
        let python = home.join("venv/bin/python");
        run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PYJWT]);
        let now = (world.now().0 / 1_000).to_string();
        let read = run(&python, &[&at("read.py"), &at("keys.json"), &at("token"), &now]);
        let _ = std::fs::remove_dir_all(&home);
        assert_eq!(
            read,
            "ana ana ana ExpiredSignatureError ImmatureSignatureError InvalidSignatureError"
        );
    }
}
