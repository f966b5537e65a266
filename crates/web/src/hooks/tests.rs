//! Everything that comes back, knocked at as providers do: with the right sign, with a wrong one, twice.

use super::{slack, twilio};
use crate::Mode;
use crate::tests::{House, LINK_KEY, NOW, catalogue, text};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{Command, NoticeStatus, Purpose, Submission};
use model::{
    Catalogue, Channel, Contact, IncidentId, Medium, NoticeId, PageId, Personal, ReplyWay,
    SecretRef,
};
use paging::PageStatus;
use ring::hmac;

mod letters;
mod muting;
mod presses;
mod tribute;

const URL: &str = "http://127.0.0.1:8080";
const ANA: &str = "+15550100";
const BO: &str = "+254700000001";

/// Secrets of these tests stand where they are named.
pub(crate) fn secret(reference: &SecretRef) -> Result<String, String> {
    match reference {
        SecretRef::Plain(it) => Ok(it.clone()),
        other => Err(format!("{other:?} is not set")),
    }
}

fn plain(secret: &str) -> SecretRef {
    SecretRef::Plain(secret.to_owned())
}

/// The organisation of the example with a road of every kind that leads back.
fn connected() -> Catalogue {
    let mut it = catalogue();
    let url = || "https://provider.example".to_owned();
    let channels = [
        (
            "tw",
            Channel::Twilio {
                url: url(),
                account: "AC1".into(),
                token: plain("12345"),
                from: "+1".into(),
            },
        ),
        (
            "voice",
            Channel::TwilioVoice {
                url: url(),
                account: "AC1".into(),
                token: plain("12345"),
                from: "+1".into(),
                language: "en-GB".into(),
            },
        ),
        (
            "kannel",
            Channel::Kannel {
                url: url(),
                username: "lamp".into(),
                password: plain("p"),
                from: None,
                smsc: None,
            },
        ),
        (
            "slack",
            Channel::Slack {
                url: url(),
                token: plain("t"),
                room: None,
                signing_secret: Some(plain("slack-secret")),
            },
        ),
        (
            "tg",
            Channel::Telegram {
                url: url(),
                token: plain("t"),
                room: None,
                webhook_secret: Some(plain("tg-secret")),
            },
        ),
        ("mm", Channel::Mattermost { webhook: plain("https://mm.example"), room: None }),
    ];
    it.channels.extend(channels.map(|(id, channel)| (id.into(), channel)));
    let way = |secret: &str, former: Option<&str>, names: [&str; 3]| ReplyWay {
        secret: Some(plain(secret)),
        former_secret: former.map(plain),
        from: names[0].to_owned(),
        text: names[1].to_owned(),
        id: names[2].to_owned(),
    };
    it.back.replies = [
        ("kannel".into(), way("k-secret", Some("k-old"), ["from", "text", "id"])),
        ("text".into(), way("g secret", None, ["data.sender", "data.body", "data.id"])),
        ("tw".into(), way("unused", Some("old-token"), ["from", "text", "id"])),
    ]
    .into();
    for (person, medium, address) in [
        ("ana", Medium::Slack, "U1"),
        ("ana", Medium::Telegram, "4711"),
        ("bo", Medium::Telegram, "@bo"),
        ("ana", Medium::Mattermost, "@ana.reyes"),
    ] {
        let address = Personal::new(person.into(), address);
        let contact = Contact { medium, address };
        it.people.get_mut(&person.into()).expect("of the example").contacts.push(contact);
    }
    it
}

async fn house() -> House {
    House::of(Mode::Serve, connected()).await
}

async fn burning() -> House {
    let house = house().await;
    house.raise("no lights in Kisumu").await;
    house
}

fn sign(token: &str, path: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let joined: String = sorted.iter().flat_map(|(name, value)| [*name, *value]).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{URL}{path}{joined}").as_bytes()))
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl House {
    async fn twilio_with(
        &self,
        token: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> (StatusCode, String) {
        let signature = sign(token, path, fields);
        self.posts(path, &[("x-twilio-signature", &signature)], form(fields)).await
    }

    async fn twilio(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        self.twilio_with("12345", path, fields).await
    }

    async fn posts(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> (StatusCode, String) {
        let mut request =
            Request::builder().method("POST").uri(path).header(header::HOST, "127.0.0.1:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.send(request.body(Body::from(body)).unwrap()).await;
        (answer.status(), text(answer).await)
    }

    /// What a text message is answered.
    async fn says(&self, id: &str, from: &str, words: &str) -> String {
        let fields = [("From", from), ("Body", words), ("MessageSid", id), ("To", "+1")];
        let (status, body) = self.twilio("/hooks/twilio/tw/sms", &fields).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>";
        let inner = body.strip_prefix(start).and_then(|it| it.strip_suffix("</Response>"));
        let inner = inner.unwrap_or_else(|| panic!("no TwiML: {body}"));
        if inner.is_empty() {
            return String::new();
        }
        let told = inner.strip_prefix("<Message>").and_then(|it| it.strip_suffix("</Message>"));
        let told = told.unwrap_or_else(|| panic!("no message: {body}")).replace("&apos;", "'");
        assert!(replies::septets(&told).is_some_and(|it| it <= 160), "{told}");
        told
    }

    async fn does(&self, by: &str, command: Command) {
        self.handle.submit(Submission::person(by.into(), command)).await.expect("done");
    }

    fn page(&self, id: u64) -> PageStatus {
        self.handle.state().pages[&PageId(id)].status.clone()
    }

    fn taken_by(&self, id: u64) -> Option<(String, String)> {
        match self.page(id) {
            PageStatus::Acknowledged { by, via, .. } => Some((by.to_string(), via)),
            _ => None,
        }
    }

    /// The notice of `medium` to somebody about the first page.
    fn notice(&self, person: &str, medium: Medium) -> NoticeId {
        let state = self.handle.state();
        let to = engine::Recipient::Person(person.into());
        let mut all = state.notices.iter().filter(|(_, it)| it.to == to && it.medium == medium);
        *all.next().expect("was told").0
    }

    fn answers_due(&self) -> Vec<String> {
        let state = self.handle.state();
        let due = state.notices.values().filter(|it| {
            it.purpose == Purpose::Answer && matches!(it.status, NoticeStatus::Due { .. })
        });
        let shown = |it: &engine::Notice| {
            let text = it.text.as_ref().and_then(|it| it.text()).unwrap_or("erased");
            format!("{:?} {}: {text}", it.medium, it.channel)
        };
        due.map(shown).collect()
    }
}

#[test]
fn twilio_signs_as_it_documents() {
    // The example of Twilio's own libraries.
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    let fields = |from: &str| {
        [
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("To", "+18005551212"),
            ("Caller", from),
            ("From", from),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let good = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    let check = |tokens: &[&str], url: &str, from: &str, signature: &str| {
        let tokens: Vec<String> = tokens.iter().map(|it| (*it).to_owned()).collect();
        twilio::is_signed(&tokens, url, &fields(from), signature)
    };
    let from = "+14158675309";
    assert!(check(&["12345"], url, from, good));
    assert!(check(&["new", "12345"], url, from, good), "the token before");
    assert!(!check(&["12346"], url, from, good));
    assert!(!check(&[], url, from, good));
    assert!(!check(&["12345"], &url.replace("https", "http"), from, good));
    assert!(!check(&["12345"], url, "+14158675310", good));
    assert!(!check(&["12345"], url, from, ""));
    assert!(!check(&["12345"], url, from, "RSOYDt4T1cUTdK1PDd93/VVr8B9="));
    // Every value of a repeated parameter counts, each once.
    let twice = [("A", "2"), ("A", "1"), ("A", "2")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"t");
    let signature = STANDARD.encode(hmac::sign(&key, b"uA1A2"));
    assert!(twilio::is_signed(&["t".to_owned()], "u", &twice, &signature));
}

#[test]
fn slack_signs_as_it_documents() {
    // The example of Slack's documentation.
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let secret = ["8f742231b10e8888abcd99yyyzzz85a5".to_owned()];
    let good = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let stamp = 1_531_420_618_i64;
    let check = |stamp: &str, body: &[u8], signature: &str, late_s: i64| {
        let now = model::Timestamp((1_531_420_618 + late_s) * 1_000);
        slack::is_signed(&secret, stamp, body, signature, now)
    };
    let shown = stamp.to_string();
    assert!(check(&shown, body, good, 0));
    assert!(check(&shown, body, good, 300));
    assert!(!check(&shown, body, good, 301), "five minutes and no more");
    assert!(!check(&shown, body, good, -301));
    assert!(!check("1531420619", body, good, 0));
    assert!(!check(&shown, b"token=x", good, 0));
    assert!(!check(&shown, body, &good.replace("a2", "a3"), 0));
    assert!(!check(&shown, body, &good[..40], 0));
    assert!(!check(&shown, body, "v0=ä", 0));
    assert!(!check("", body, good, 0));
}

#[tokio::test]
async fn what_is_not_signed_does_nothing() {
    let house = burning().await;
    let fields = [("From", ANA), ("Body", "1"), ("MessageSid", "SM1")];
    let path = "/hooks/twilio/tw/sms";
    assert_eq!(house.twilio_with("wrong", path, &fields).await.0, StatusCode::FORBIDDEN);
    let unsigned = house.posts(path, &[], form(&fields)).await;
    assert_eq!(unsigned.0, StatusCode::FORBIDDEN);
    // Signed for another address, as by somebody who owns a receiver of their own.
    let signature = sign("12345", "/hooks/twilio/other/sms", &fields);
    let moved = house.posts(path, &[("x-twilio-signature", &signature)], form(&fields)).await;
    assert_eq!(moved.0, StatusCode::FORBIDDEN);
    assert_eq!(house.taken_by(1), None);
    // A channel of another kind has no such way back.
    let closed = house.twilio("/hooks/twilio/kannel/sms", &fields).await;
    assert_eq!(closed.0, StatusCode::NOT_FOUND);
    // The token before is good as long as it stands there.
    assert_eq!(house.twilio_with("old-token", path, &fields).await.0, StatusCode::OK);
    assert_eq!(house.taken_by(1), Some(("ana".into(), "sms".into())));
}

#[tokio::test]
async fn a_bare_word_is_carried_out_when_one_thing_can_be_meant() {
    let house = burning().await;
    assert_eq!(
        house.says("a", ANA, "1").await,
        "pg_1 is yours: no lights in Kisumu. RESOLVE 1 ends it, ESC 1 calls more people."
    );
    assert_eq!(house.taken_by(1), Some(("ana".into(), "sms".into())));
    // Delivered once more it is answered alike, and changes nothing.
    let seq = house.handle.state().seq;
    house.says("a", ANA, "1").await;
    assert_eq!(house.handle.state().seq, seq);
    assert_eq!(house.says("b", ANA, "ack 1").await, "pg_1 is yours already.");
    assert_eq!(
        house.says("c", ANA, "Resolved.").await,
        "in_1 is over: no lights in Kisumu. Thank you."
    );
    assert_eq!(
        house.says("d", ANA, "ack 1").await,
        "There is no open pg_1 here. Nothing was done."
    );
    assert_eq!(
        house.says("e", ANA, "1").await,
        "No page that went to you this way waits for an answer. Nothing was done. Name a page to be \
         sure: ACK 12. HELP tells more."
    );
}

#[tokio::test]
async fn two_open_pages_and_a_bare_word_give_a_list() {
    let house = burning().await;
    house.raise("the till is stuck").await;
    assert_eq!(
        house.says("a", ANA, "1").await,
        "Which? ACK 2, for instance. Nothing was done. pg_2 the till is stuck; pg_1 no lights in Kisumu;"
    );
    assert_eq!((house.taken_by(1), house.taken_by(2)), (None, None));
    house.says("b", ANA, "ok 2").await;
    assert_eq!(house.taken_by(2), Some(("ana".into(), "sms".into())));
    // One is left that waits for an answer.
    house.says("c", ANA, "ok").await;
    assert_eq!(house.taken_by(1), Some(("ana".into(), "sms".into())));
    assert_eq!(
        house.says("d", ANA, "note it is the fuse").await,
        "Which? NOTE 2, for instance. Nothing was done. pg_2 the till is stuck; pg_1 no lights in Kisumu;"
    );
    assert_eq!(
        house.says("e", ANA, "note 2 it is the fuse").await,
        "Noted on in_2: the till is stuck"
    );
}

#[tokio::test]
async fn a_reply_is_bound_to_the_number_the_page_went_to() {
    let house = burning().await;
    // Bo is not told by the first step.
    assert_eq!(
        house.says("a", BO, "ack 1").await,
        "pg_1 did not go to you this way. TAKE 1 takes it over."
    );
    assert_eq!(house.taken_by(1), None);
    assert_eq!(house.says("b", BO, "take 1").await, "pg_1 is yours: no lights in Kisumu");
    assert_eq!(house.taken_by(1), Some(("bo".into(), "sms".into())));
    assert_eq!(
        house.says("c", ANA, "1").await,
        "No page that went to you this way waits for an answer. Nothing was done. Name a page to be \
         sure: ACK 12. HELP tells more."
    );
    assert_eq!(
        house.says("d", ANA, "ack 1").await,
        "pg_1: Bo Otieno has it since Mon 23 Nov 10:00 UTC. TAKE 1 takes it over."
    );
    assert_eq!(
        house.says("e", ANA, "take").await,
        "pg_1 is yours, taken over from Bo Otieno: no lights in Kisumu"
    );
    // Whoever has it may end it from any number of theirs.
    assert_eq!(
        house.says("f", BO, "resolve 1").await,
        "pg_1 did not go to you this way. TAKE 1 takes it over."
    );
    assert_eq!(house.says("g", ANA, "4").await, "in_1 is over: no lights in Kisumu. Thank you.");
    // Somebody nobody knows gets no word at all.
    assert_eq!(house.says("h", "+19995550000", "who").await, "");
    assert_eq!(house.says("i", "", "who").await, "");
}

#[tokio::test]
async fn the_next_step_who_is_on_and_help() {
    let house = burning().await;
    assert_eq!(
        house.says("a", ANA, "esc").await,
        "The next step of pg_1 is called now: Ana Reyes, Chen Wu, Bo Otieno."
    );
    assert_eq!(
        house.says("b", ANA, "who").await,
        "field: Juma Ali until Mon 30 Nov 06:00; payments: Ana Reyes until Mon 23 Nov 17:00"
            .replace("Mon 30 Nov 06:00", &local(&house, "field", "ana"))
            .replace("Mon 23 Nov 17:00", &local(&house, "payments", "ana"))
    );
    assert!(house.says("c", BO, "who payments?").await.starts_with("payments: Ana Reyes until "));
    assert_eq!(
        house.says("d", BO, "who hr").await,
        "No rota is called so. There are: field, payments"
    );
    assert_eq!(house.says("e", BO, "help").await, super::answers::HELP);
    assert_eq!(
        house.says("f", ANA, "not mine").await,
        "Not understood, nothing was done. Say ACK, ESC, RESOLVE, TAKE or NOTE, then the number of \
         the page: ACK 12. Or WHO, HELP."
    );
    assert_eq!(
        house.says("g", ANA, "1 but not now").await,
        "Not understood, nothing was done. Say ACK, ESC, RESOLVE, TAKE or NOTE, then the number of \
         the page: ACK 12. Or WHO, HELP."
    );
    assert_eq!(
        house.says("h", ANA, "pg_1?").await,
        "Not understood, nothing was done. pg_1: no lights in Kisumu. ACK 1, ESC 1, RESOLVE 1?"
    );
    assert_eq!(house.taken_by(1), None);
}

/// The end of the present shift as its reader's wall clock shows it.
fn local(house: &House, rota: &str, reader: &str) -> String {
    let state = house.handle.state();
    let catalogue = state.catalogue().unwrap();
    let zones = oncall::Zones::bundled();
    let zone = zones.get(&catalogue.people[&reader.into()].timezone).unwrap();
    let ends = oncall::duty(&catalogue.rotas[&rota.into()], NOW, &zones).shift.ends;
    ends.to_jiff().to_zoned(zone).strftime("%a %-d %b %H:%M").to_string()
}

#[tokio::test]
async fn stop_is_obeyed_and_undone() {
    let house = house().await;
    assert_eq!(
        house.says("a", ANA, "STOP").await,
        "No more pages by SMS to you. You may still be on duty: tell your team. START undoes this."
    );
    house.raise("no lights").await;
    let media = |house: &House| -> Vec<Medium> {
        house.handle.state().notices.values().map(|it| it.medium).collect()
    };
    assert!(!media(&house).contains(&Medium::Sms));
    assert_eq!(
        house.says("b", ANA, "start").await,
        "You are paged by SMS again. HELP tells what can be said."
    );
    house.raise("the till").await;
    assert!(media(&house).contains(&Medium::Sms));
    // What Twilio answered by itself is not answered twice.
    let fields = [("From", ANA), ("Body", "STOP"), ("MessageSid", "z"), ("OptOutType", "STOP")];
    let (_, body) = house.twilio("/hooks/twilio/tw/sms", &fields).await;
    assert!(body.ends_with("<Response></Response>"), "{body}");
    assert!(house.handle.state().is_stopped(&"ana".into(), Medium::Sms));
}

#[tokio::test]
async fn two_machines_do_not_talk_all_night() {
    let house = burning().await;
    for n in 0..super::ANSWERS_MAX {
        assert_ne!(house.says(&format!("m{n}"), ANA, "thank you for your message").await, "");
    }
    assert_eq!(house.says("x", ANA, "thank you for your message").await, "");
    // What they ask for is still carried out.
    assert_eq!(house.says("y", ANA, "1").await, "");
    assert_eq!(house.taken_by(1), Some(("ana".into(), "sms".into())));
}

#[tokio::test]
async fn a_call_reads_the_page_and_takes_keys() {
    let house = house().await;
    house.raise("<b>no lights</b> & \"no\" water").await;
    let notice = house.notice("ana", Medium::Sms);
    let code = crate::callback_code(&LINK_KEY, &"voice".into(), notice);
    let path = format!("/callbacks/voice/twilio-keys/{notice}/{code}");
    let keys = |digits: &'static str| [("CallSid", "CA1"), ("Digits", digits), ("To", ANA)];
    let (status, body) = house.twilio(&path, &keys("3")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Gather numDigits=\"1\" timeout=\"8\" \
             method=\"POST\" action=\"{URL}{path}\"><Say language=\"en-GB\">Page 1. \
             &lt;b&gt;no lights&lt;/b&gt; &amp; &quot;no&quot; water. Press 1 to take it. Press 2 to call \
             the next step now. Press 3 to hear this again. Press 4 to silence it.</Say></Gather><Say \
             language=\"en-GB\">No key was pressed. Somebody else may be called.</Say></Response>"
        )
    );
    let (_, body) = house.twilio(&path, &keys("2")).await;
    assert!(
        body.contains("The next step of page 1 is called now: Ana Reyes, Chen Wu, Bo Otieno."),
        "{body}"
    );
    // The same key of the same call does nothing twice.
    let seq = house.handle.state().seq;
    house.twilio(&path, &keys("2")).await;
    assert_eq!(house.handle.state().seq, seq);
    let (_, body) = house.twilio(&path, &keys("1")).await;
    assert!(body.contains("page 1 is yours") && body.contains("<Hangup/>"), "{body}");
    assert_eq!(house.taken_by(1), Some(("ana".into(), "call".into())));
    // Neither the signature nor the code alone is enough.
    let wrong = format!("/callbacks/voice/twilio-keys/{notice}/{}", &code[1..]);
    assert_eq!(house.twilio(&wrong, &keys("1")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(house.twilio_with("x", &path, &keys("1")).await.0, StatusCode::FORBIDDEN);
    // The code is of one channel.
    let moved = format!("/callbacks/tw/twilio-keys/{notice}/{code}");
    assert_eq!(house.twilio(&moved, &keys("1")).await.0, StatusCode::FORBIDDEN);
}

async fn get(house: &House, path: &str) -> (StatusCode, String) {
    let answer = house.send(house.request("GET", path, None, "")).await;
    (answer.status(), text(answer).await)
}

#[tokio::test]
async fn kannel_asks_and_gets_the_answer_as_text() {
    let house = burning().await;
    let path =
        |secret: &str| format!("/hooks/kannel/kannel?token={secret}&from=15550100&text=ok&id=7");
    assert_eq!(get(&house, &path("wrong")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(
        get(&house, "/hooks/kannel/kannel?from=15550100&text=ok").await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(get(&house, "/hooks/kannel/tw?token=unused").await.0, StatusCode::NOT_FOUND);
    assert_eq!(house.taken_by(1), None);
    let yours = "pg_1 is yours: no lights in Kisumu. RESOLVE 1 ends it, ESC 1 calls more people.";
    assert_eq!(get(&house, &path("k-secret")).await, (StatusCode::OK, yours.to_owned()));
    assert_eq!(get(&house, &path("k-old")).await, (StatusCode::OK, yours.to_owned()));
    assert_eq!(house.taken_by(1), Some(("ana".into(), "sms".into())));
    let unknown = "/hooks/kannel/kannel?token=k-secret&from=%2B19995550000&text=who";
    assert_eq!(get(&house, unknown).await, (StatusCode::OK, String::new()));
}

#[tokio::test]
async fn a_gateway_delivers_json_or_a_form_and_is_answered_by_a_message() {
    let house = burning().await;
    let json = |id: &str, text: &str| {
        format!("{{\"data\":{{\"sender\":\"0015550100\",\"body\":\"{text}\",\"id\":\"{id}\"}}}}")
    };
    let kind = ("content-type", "application/json");
    let key = ("authorization", "Bearer g secret");
    let path = "/hooks/sms/text";
    assert_eq!(house.posts(path, &[kind], json("1", "1")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(house.posts(path, &[kind, key], "{".to_owned()).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(house.posts(path, &[kind, key], "{}".to_owned()).await.0, StatusCode::BAD_REQUEST);
    for _ in 0..2 {
        let done = house.posts(path, &[kind, key], json("1", "1")).await;
        assert_eq!(done, (StatusCode::NO_CONTENT, String::new()));
    }
    assert_eq!(house.taken_by(1), Some(("ana".into(), "sms".into())));
    let form = form(&[("data.sender", ANA), ("data.body", "note all dark"), ("data.id", "2")]);
    let path = "/hooks/sms/text?token=g+secret";
    let path = path.replace('+', "%20");
    let posted = house.posts(&path, &[("content-type", "application/x-www-form-urlencoded")], form);
    assert_eq!(posted.await.0, StatusCode::NO_CONTENT);
    assert_eq!(
        house.answers_due(),
        [
            "Sms text: pg_1 is yours: no lights in Kisumu. RESOLVE 1 ends it, ESC 1 calls more people.",
            "Sms text: Noted on in_1: no lights in Kisumu",
        ]
    );
}

fn slack_headers(body: &str, secret: &str) -> [(&'static str, String); 2] {
    let stamp = (NOW.0 / 1_000).to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("v0:{stamp}:{body}").as_bytes());
    let signature = format!("v0={}", crate::passwords::hex(tag.as_ref()));
    [("x-slack-request-timestamp", stamp), ("x-slack-signature", signature)]
}

impl House {
    async fn slack(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        secret: &str,
    ) -> (StatusCode, String) {
        let body = form(fields);
        let headers = slack_headers(&body, secret);
        let headers =
            [(headers[0].0, headers[0].1.as_str()), (headers[1].0, headers[1].1.as_str())];
        self.posts(path, &headers, body).await
    }

    async fn presses(
        &self,
        user: &str,
        act: &str,
        value: &str,
        stamp: &str,
        secret: &str,
    ) -> StatusCode {
        let payload = format!(
            "{{\"type\":\"block_actions\",\"user\":{{\"id\":\"{user}\"}},\"actions\":[{{\"action_id\":\"{act}\",\
             \"value\":\"{value}\",\"action_ts\":\"{stamp}\"}}]}}"
        );
        self.slack("/hooks/slack/slack", &[("payload", &payload)], secret).await.0
    }
}

#[tokio::test]
async fn buttons_of_slack_take_and_end() {
    let house = burning().await;
    let notice = house.notice("ana", Medium::Sms).to_string();
    let secret = "slack-secret";
    assert_eq!(
        house.presses("U1", "acknowledge", &notice, "1.1", "wrong").await,
        StatusCode::FORBIDDEN
    );
    // Nobody we know, a button without a page, and a link: Slack wants 200 for each, nothing happens.
    for (user, act, value) in [
        ("U9", "acknowledge", notice.as_str()),
        ("U1", "acknowledge", ""),
        ("U1", "take-it", &notice),
    ] {
        assert_eq!(house.presses(user, act, value, "1.0", secret).await, StatusCode::OK);
    }
    assert_eq!(house.taken_by(1), None);
    for _ in 0..2 {
        assert_eq!(
            house.presses("U1", "acknowledge", &notice, "1.1", secret).await,
            StatusCode::OK
        );
    }
    assert_eq!(house.taken_by(1), Some(("ana".into(), "slack".into())));
    assert_eq!(house.answers_due().len(), 1);
    assert_eq!(house.presses("U1", "resolve", "pg_1", "1.2", secret).await, StatusCode::OK);
    assert!(!house.handle.state().incidents[&IncidentId(1)].is_open());

    let ask = |user: &'static str, words: &'static str| {
        [("user_id", user), ("text", words), ("trigger_id", words), ("command", "/lamplighter")]
    };
    let path = "/hooks/slack/slack/command";
    let (status, body) = house.slack(path, &ask("U1", "who payments"), secret).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("\"text\":\"payments: Ana Reyes until "), "{body}");
    let (_, body) = house.slack(path, &ask("U9", "who"), secret).await;
    assert!(body.contains("You are nobody here yet"), "{body}");
    assert_eq!(house.slack(path, &ask("U1", "who"), "x").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn telegram_and_mattermost_are_answered_in_the_request() {
    let house = burning().await;
    let key = ("x-telegram-bot-api-secret-token", "tg-secret");
    let path = "/hooks/telegram/tg";
    let notice = house.notice("ana", Medium::Sms);
    let button = format!(
        r#"{{"update_id":1,"callback_query":{{"id":"77","from":{{"id":4711}},"data":"acknowledge {notice}"}}}}"#
    );
    assert_eq!(house.posts(path, &[], button.clone()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(house.posts(path, &[(key.0, "x")], button.clone()).await.0, StatusCode::FORBIDDEN);
    let (status, body) = house.posts(path, &[key], button).await;
    assert_eq!(status, StatusCode::OK);
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["method"], "answerCallbackQuery");
    assert_eq!(answer["callback_query_id"], "77");
    assert!(answer["text"].as_str().unwrap().starts_with("pg_1 is yours"), "{body}");
    assert_eq!(house.taken_by(1), Some(("ana".into(), "telegram".into())));
    let message = r#"{"update_id":2,"message":{"chat":{"id":5},"from":{"id":6,"username":"Bo"},"text":"/take@lamp_bot 1"}}"#;
    let (_, body) = house.posts(path, &[key], message.to_owned()).await;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&body).unwrap(),
        serde_json::json!({ "method": "sendMessage", "chat_id": 5,
            "text": "pg_1 is yours, taken over from Ana Reyes: no lights in Kisumu" })
    );
    let stranger =
        r#"{"update_id":3,"message":{"chat":{"id":5},"from":{"id":6},"text":"resolve 1"}}"#;
    assert_eq!(
        house.posts(path, &[key], stranger.to_owned()).await,
        (StatusCode::OK, String::new())
    );

    let code = crate::callback_code(&LINK_KEY, &"mm".into(), notice);
    let path = format!("/callbacks/mm/mattermost/{notice}/{code}");
    let press = |user: &str| {
        format!(r#"{{"user_id":"x","user_name":"{user}","context":{{"action":"resolve"}}}}"#)
    };
    let wrong = path.replace(&code, "AAAAAAAAAAAAAAAA");
    assert_eq!(house.posts(&wrong, &[], press("ana.reyes")).await.0, StatusCode::FORBIDDEN);
    let (_, body) = house.posts(&path, &[], press("eve")).await;
    assert!(body.contains("nobody here yet"), "{body}");
    let (_, body) = house.posts(&path, &[], press("ana.reyes")).await;
    assert!(body.contains("in_1 is over"), "{body}");
}

#[tokio::test]
async fn letters_answer_what_they_were_sent() {
    let house = burning().await;
    let context = house.context();
    let notice = house.notice("ana", Medium::Email);
    let letter = |from: &str, id: &str, text: &str| crate::LetterIn {
        from: from.to_owned(),
        to: vec![format!("lamp+{notice}@solar.example")],
        message_id: id.to_owned(),
        text: text.to_owned(),
        ..crate::LetterIn::default()
    };
    let quoted = "\n\nOn Mon, Lamplighter wrote:\n> [pg_1] no lights\n";
    // Somebody else, an absence, and words nobody understands.
    crate::heard_mail(&context, &letter("bo@solar.example", "1@x", "ack")).await.unwrap();
    let away = crate::LetterIn { is_automatic: true, ..letter("ana@solar.example", "2@x", "ack") };
    crate::heard_mail(&context, &away).await.unwrap();
    let vague = letter("ana@solar.example", "3@x", "I will look at it tomorrow");
    crate::heard_mail(&context, &vague).await.unwrap();
    assert_eq!(house.taken_by(1), None);
    let ack = letter("Ana@Solar.example", "4@x", &format!("Ack{quoted}"));
    for _ in 0..2 {
        crate::heard_mail(&context, &ack).await.unwrap();
    }
    assert_eq!(house.taken_by(1), Some(("ana".into(), "email".into())));
    let mut by_thread = letter("ana@solar.example", "5@x", "note the carrier says an hour");
    by_thread.to = vec!["lamp@solar.example".to_owned()];
    by_thread.answers = vec!["x@y".to_owned(), format!("{notice}@solar.example")];
    crate::heard_mail(&context, &by_thread).await.unwrap();
    let notes = house.handle.state().incidents[&IncidentId(1)].notes.clone();
    assert_eq!(notes[0].text.text(), Some("the carrier says an hour"));
    assert_eq!(
        house.answers_due(),
        [
            "Email mail: Not understood, nothing was done. pg_1: no lights in Kisumu. ACK 1, ESC 1, RESOLVE 1?",
            "Email mail: pg_1 is yours: no lights in Kisumu. RESOLVE 1 ends it, ESC 1 calls more people.",
            "Email mail: Noted on in_1: no lights in Kisumu",
        ]
    );
    house.does("ana", Command::ResolveIncident { incident: IncidentId(1), by: "ana".into() }).await;
    let late = letter("ana@solar.example", "6@x", "resolve");
    crate::heard_mail(&context, &late).await.unwrap();
    assert!(house.answers_due()[3].contains("There is no open pg_1 here."));
}
