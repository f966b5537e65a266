//! What a correct configuration becomes.

use super::shorthand;
use crate::{Loaded, hash, load, load_str};
use model::{Catalogue, FeatureId, Medium};
use std::fmt::Write as _;
use std::path::Path;

fn good(text: &str) -> Catalogue {
    let loaded = load_str(&[("a.yaml", text)]);
    assert_eq!(shorthand(&loaded), "");
    loaded.catalogue.unwrap()
}

/// A catalogue with each of its parts on a line.
fn lines(catalogue: &Catalogue) -> String {
    let json = serde_json::to_value(catalogue).unwrap();
    let mut shown = String::new();
    for (section, value) in json.as_object().unwrap() {
        match value.as_object() {
            Some(parts) => {
                for (id, part) in parts {
                    writeln!(shown, "{section} {id} {part}").unwrap();
                }
            }
            None => writeln!(shown, "{section} {value}").unwrap(),
        }
    }
    shown
}

pub(super) fn example(path: &str) -> Loaded {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    load(&[root.join(path)])
}

/// The sample that opens the design, with what it leaves out added.
const DESIGN: &str = r#"
org: solar
people:
  ana: { timezone: America/Los_Angeles, email: ana@solar.example, sms: "+15550100", skills: { postgres: 3 } }
  bo:  { timezone: Africa/Nairobi, email: bo@solar.example, sms: "+254700000001" }
teams:
  payments: { members: [ana, bo] }
services:
  payments-api:
    team: payments
    slos:
      availability:
        objective: 99.9%
        window: 28d
        ratio:
          bad:   http_requests_total{job="payments",code=~"5.."}
          total: http_requests_total{job="payments"}
features:
  light-on:
    question: Do we activate clients' lights promptly upon payment?
    team: payments
    objective: 99.5%
    needs: { all: [payments-api.availability, activation.on-time, { any: [carrier-a.up, carrier-b.up] }] }
    owners: { product: ana, engineering: bo, review: 2027-01-01 }   # signing is an act in the product, not a line here
rotas:
  payments:
    follow-the-sun: true
    layers: [{ people: [ana, bo], turn: 1w, handover: mon 09:00 }]
    timezone: Africa/Nairobi
escalations:
  payments: [{ page: rota payments, wait: 5m }, { page: team payments, wait: 10m }]
suppliers:
  activation: { slos: { on-time: &slo { objective: 99%, ratio: { bad: bad_total, total: all_total } } } }
  carrier-a: { slos: { up: *slo } }
  carrier-b: { slos: { up: *slo } }
channels:
  mail: { smtp: { host: 127.0.0.1, port: 2525, from: lamp@solar.example, encryption: none } }
sources:
  prometheus: { prometheus: { url: http://127.0.0.1:9090 } }
"#;

#[test]
fn the_sample_of_the_design_reads() {
    let loaded = load_str(&[("a.yaml", DESIGN)]);
    assert_eq!(
        shorthand(&loaded),
        "LL051 a.yaml:27:21 [true] `follow-the-sun` is not acted upon: people take whole turns\n      \
         write what `lamplighter rota sun` proposes from people's `hours`\n"
    );
    let catalogue = loaded.catalogue.unwrap();
    let feature = &catalogue.features[&FeatureId::from("light-on")];
    insta::assert_snapshot!(serde_json::to_string(feature).unwrap(), @r#"{"question":"Do we activate clients' lights promptly upon payment?","team":"payments","objective":"99.5%","window":2419200000,"needs":{"all":[{"slo":"payments-api.availability"},{"slo":"activation.on-time"},{"any":[{"slo":"carrier-a.up"},{"slo":"carrier-b.up"}]}]},"owners":{"product":"ana","engineering":"bo","review":"2027-01-01"},"escalation":"payments"}"#);
}

/// Uses every key there is, and no default.
pub(super) const EVERYTHING: &str = r#"
org: solar
public-url: https://lamp.solar.example/
mode: shadow
pages-per-person-per-10min: 7
alerts-open-max: 5000
pagerduty-webhook-secret: env:PD
people:
  ana: { name: Ana Reyes, timezone: America/Los_Angeles, email: ana@solar.example, sms: "+15550100", ntfy: ana-7f, voice: "+15550101", pushover: u1, slack: U1, mattermost: ana, telegram: "17", matrix: "!dm:b", aka: [ana.r], skills: { postgres: 3 }, hours: 08:00-17:00, quiet: 22:00-07:00, rules: { page: [{ by: push }, { by: sms, after: 2m }], ticket: [{ by: email }] } }
  bo: { name: Bo, timezone: Africa/Nairobi, sms: "+254700000001", site: kenya, leave: [2026-12-24..2027-01-02] }
sites: { kenya: { holidays: [2026-12-12] } }
pay: { currency: kes, hour: 2.5/h, night: 1/h, weekend: 0.75/h, holiday: 10.00/h }
teams: { payments: { members: [ana, bo], mode: live, tribute: r, load: { pages: 4, per: 24h, then: credit } } }
services:
  api:
    team: payments
    urgency: wake
    slos:
      up: { objective: 99.95%, window: 7d, ratio: { bad: 'e_total{code=~"5.."}', total: r_total }, source: own }
      good: { objective: 99%, ratio: { good: a, total: b }, source: own, loses: The light., alerts: workbook }
      fast: { objective: 99%, latency: { histogram: d, under: 1s }, source: own, slices: { of: 5m, good: 95% } }
      finer: { objective: 99%, latency: { native: 'd{job="shop"}', under: 250ms }, source: metrics }
      fresh: { objective: 99%, gauge: { metric: g, is: "<= 3" }, source: own }
      raw: { objective: 99%, raw: { metric: g, of: good }, source: own }
      asked: { objective: 99%, query: { good: 'sum(rate(a[{{.window}}]))', total: 'sum(rate(b[{{.window}}]))' }, source: metrics }
      shared: { objective: 99%, query: { error_ratio: 'avg(c)', per: minute }, source: metrics }
      beats: { objective: 99%, heartbeat: nightly }
      told: { objective: 99%, pushed: { every: 1h, check: nightly, secret: env:CI }, calendar: { every: week, timezone: UTC } }
suppliers: { carrier: { slos: { up: { objective: 99%, window: 1w, ratio: { bad: a, total: b }, source: metrics } }, urgency: morning } }
features:
  inner: { question: Inner?, team: payments, objective: 98%, needs: { any: [api.up, carrier.up] }, escalation: short, calendar: { every: month, timezone: UTC }, slices: { of: 1m } }
  outer:
    question: Outer?
    team: payments
    objective: 97%
    window: 1d12h
    needs: { all: [feature inner, api.up, { quorum: { works: 1, of: [api.up, carrier.up] } }, { routes: [{ share: 7, need: api.up }, { share: 3, need: carrier.up }] }] }
    owners: { product: ana, engineering: ana, review: 2027-01-01 }
    escalation: long
    urgency: morning
  seen:
    question: Seen?
    team: payments
    objective: 97%
    escalation: short
    attempts: { total: tried_total, source: own }
    measured: { ratio: { good: seen_total, total: tried_total }, source: own }
    needs: { all: [{ only: { of: api.up, where: '{journey="seen",to!="x"}' } }, { only: { of: api.fast, latency: { histogram: mine, under: 2s }, source: metrics } }, { only: { of: carrier.up, ratio: { bad: e, total: f } } }, { only: { of: api.fresh, gauge: { metric: h, is: "== 1" } } }, { only: { of: api.raw, raw: { metric: i, of: bad } } }] }
  probed: { segments: { label: country, values: [KE, TZ], of: api.up, page: true }, revision: { by: ana, reason: as a start, evidence: "https://desk.example/12" }, labels: { product: home }, escalation: short, question: Probed?, team: payments, objective: 97%, needs: api.up, measured: { gauge: { metric: probe, is: "== 1" }, source: own } }
  quick: { alerts: { set: pyrra, budget-left: 10% }, escalation: short, question: Quick?, team: payments, objective: 97%, needs: api.up, measured: { latency: { histogram: d, under: 1s }, source: own } }
  shared: { alerts: { page: [1%/1h/5m], ticket: [10%/3d/6h], budget-left: { below: 10%, severity: page }, exhausted-within: { within: 3d, severity: ticket }, no-data: { after: 1h, severity: ticket } }, escalation: short, question: Shared?, team: payments, objective: 97%, needs: api.up, measured: { raw: { metric: g, of: good }, source: own } }
  asked: { alerts: none, question: Asked?, team: payments, objective: 97%, needs: { only: { of: api.good, query: { bad: 'sum(rate(d[5m]))', total: 'sum(rate(e[5m]))' }, source: metrics } }, measured: { query: { bad: x, total: y, per: minute }, source: metrics } }
  beats: { escalation: short, question: Beats?, team: payments, objective: 97%, needs: api.up, measured: { heartbeat: nightly } }
  said: { escalation: short, question: Said?, team: payments, objective: 97%, needs: { only: { of: api.fast, where: '{journey="said"}' } }, measured: { pushed: { every: 1h } } }
rotas:
  r: { timezone: Africa/Nairobi, layers: [{ people: [ana], turn: 3d, handover: "17:30", starts: 2026-01-05 }], follow-the-sun: false, confirm: 15m, load: { pages: 3, per: night, then: relieve }, cover: [mon-fri 09:00-17:00], owner: payments, handover: { written: true, pages: true, before: 90m, nag: 20m, page: 3h }, skills: [postgres], readiness: { ana: shadowed }, rules: { rest-after-night: 11h, shifts-in-row: 5, nights-per-month: 8, not-together: [[ana, bo]], debt: { ana: 12 } } }
  s: { timezone: UTC, apart-from: [r], layers: [{ people: [ana, bo], shifts: [{ repeat: mon-thu, at: "09:00", lasts: 8h }, { repeat: FREQ=MONTHLY;BYDAY=1SA, at: "10:00", lasts: 1d }], only: [fri-mon 22:00-06:00, 09:00-24:00], from: 2026-12-01, until: 2026-12-31, advance: worked, together: 2, timezone: Africa/Nairobi }] }
escalations:
  long: { steps: [{ page: rota r, wait: 90s }, { page: [team payments, rota r next], wait: 1h, acks: 2, round-robin: true, when: { hours: "22:00-06:00", days: [sat, sun], severity: page, budget: below 10% } }, { page: channel e, wait: 1m }], repeat: 2, ack-timeout: 30m, urgency: morning }
  short: [{ page: person ana, wait: 10m }]
channels:
  a: { smtp: { host: mail.example, port: 2525, from: a@mail.example, encryption: tls, username: u, password: "file:/run/p", inbox: pager@mail.example, authority: /etc/ca.pem, priority: 3, receipt-within: 90s } }
  b: { twilio: { url: "http://127.0.0.1:9/", account: AC1, token: env:TWILIO, from: "+15550111", priority: 2, receipt-within: 90s } }
  c: { sms-http: { url: "http://127.0.0.1:9/{to}?k={key}", method: POST, body: "{text}", headers: { Authorization: env:AUTH, Accept: text/plain }, priority: 1, receipt-within: 90s } }
  d: { ntfy: { url: "https://ntfy.sh/", token: env:NTFY, priority: 100, receipt-within: 90s } }
  e: { webhook: { url: "https://hook.example/in", secret: env:HOOK } }
  f: { twilio-voice: { url: "http://127.0.0.1:9/", account: AC1, token: env:TWILIO, from: "+15550111", language: sw-KE, priority: 1, receipt-within: 90s } }
  g: { kannel: { url: "http://127.0.0.1:13013/cgi-bin/sendsms", username: lamp, password: env:KANNEL, from: "5050", smsc: one, priority: 9, receipt-within: 90s } }
  h: { pushover: { url: "http://127.0.0.1:9/", token: env:PUSHOVER, retry: 30s, expire: 2h, room: g1, priority: 1, receipt-within: 90s } }
  i: { slack: { webhook: env:SLACK_HOOK } }
  j: { slack: { url: "http://127.0.0.1:9/api/", token: env:SLACK, room: C1, signing-secret: env:SIGN, priority: 1, receipt-within: 90s } }
  k: { mattermost: { webhook: env:MM, room: ops, priority: 1, receipt-within: 90s } }
  l: { teams: { webhook: env:TEAMS } }
  m: { discord: { webhook: env:DISCORD } }
  n: { telegram: { url: "http://127.0.0.1:9/", token: env:TG, room: "-1001", webhook-secret: env:TGS, priority: 1, receipt-within: 90s } }
  o: { matrix: { url: "https://matrix.example/", token: env:MX, room: "!a:b", priority: 1, receipt-within: 90s } }
replies: { c: { secret: env:BACK, former-secret: env:OLD, from: f.a, text: f.t, id: f.i } }
inbox: { host: imap.example, port: 1143, encryption: starttls, username: lamp, password: env:IMAP, folder: Pages, authority: /etc/ca.pem }
sources:
  metrics: { prometheus: { url: "http://127.0.0.1:9090/", token: env:PROM, interval: 1m } }
  own: { scrape: { targets: { api: "http://127.0.0.1:9100/metrics" }, interval: 5s } }
heartbeats:
  nightly: { every: 1d, grace: 30m, severity: ticket, feature: inner, service: api, team: payments }
maintenance:
  patches: { matchers: 'service="api"', when: "tue,thu 02:00", timezone: Africa/Nairobi, lasts: 2h, owner: ana, reason: Patches }
exclusions:
  storm: { features: [inner], slos: [api.up], counts: good, when: "2026-11-02 22:00", timezone: UTC, lasts: 3h, owner: ana, reason: A storm }
  work: { features: [inner], counts: dropped, during: patches, owner: ana, reason: Patches }
watch:
  synthetic: { every: 30m, deadline: 1m, channel: e }
  ping: { url: "https://other.example/api/v1/heartbeats/us/ping", every: 1m, token: env:PING }
"#;

#[test]
fn every_key_reaches_the_catalogue() {
    insta::assert_snapshot!(lines(&good(EVERYTHING)), @r#"
    back inbox {"authority":"/etc/ca.pem","encryption":"starttls","folder":"Pages","host":"imap.example","password":{"env":"IMAP"},"port":1143,"username":"lamp"}
    back replies {"c":{"former_secret":{"env":"OLD"},"from":"f.a","id":"f.i","secret":{"env":"BACK"},"text":"f.t"}}
    channel_priorities a 3
    channel_priorities b 2
    channel_priorities c 1
    channel_priorities f 1
    channel_priorities g 9
    channel_priorities h 1
    channel_priorities j 1
    channel_priorities k 1
    channel_priorities n 1
    channel_priorities o 1
    channel_receipts a 90000
    channel_receipts b 90000
    channel_receipts c 90000
    channel_receipts d 90000
    channel_receipts f 90000
    channel_receipts g 90000
    channel_receipts h 90000
    channel_receipts j 90000
    channel_receipts k 90000
    channel_receipts n 90000
    channel_receipts o 90000
    channels a {"smtp":{"authority":"/etc/ca.pem","encryption":"tls","from":"a@mail.example","host":"mail.example","inbox":"pager@mail.example","password":{"file":"/run/p"},"port":2525,"username":"u"}}
    channels b {"twilio":{"account":"AC1","from":"+15550111","token":{"env":"TWILIO"},"url":"http://127.0.0.1:9"}}
    channels c {"http_sms":{"body":"{text}","headers":{"Accept":{"plain":"text/plain"},"Authorization":{"env":"AUTH"}},"method":"POST","url":"http://127.0.0.1:9/{to}?k={key}"}}
    channels d {"ntfy":{"token":{"env":"NTFY"},"url":"https://ntfy.sh"}}
    channels e {"webhook":{"secret":{"env":"HOOK"},"url":"https://hook.example/in"}}
    channels f {"twilio_voice":{"account":"AC1","from":"+15550111","language":"sw-KE","token":{"env":"TWILIO"},"url":"http://127.0.0.1:9"}}
    channels g {"kannel":{"from":"5050","password":{"env":"KANNEL"},"smsc":"one","url":"http://127.0.0.1:13013/cgi-bin/sendsms","username":"lamp"}}
    channels h {"pushover":{"expire":7200000,"retry":30000,"room":"g1","token":{"env":"PUSHOVER"},"url":"http://127.0.0.1:9"}}
    channels i {"slack_webhook":{"webhook":{"env":"SLACK_HOOK"}}}
    channels j {"slack":{"room":"C1","signing_secret":{"env":"SIGN"},"token":{"env":"SLACK"},"url":"http://127.0.0.1:9/api"}}
    channels k {"mattermost":{"room":"ops","webhook":{"env":"MM"}}}
    channels l {"teams":{"webhook":{"env":"TEAMS"}}}
    channels lamplighter-synthetic {"webhook":{"secret":{"plain":"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"url":"http://127.0.0.1/api/v1/watch/receipt"}}
    channels m {"discord":{"webhook":{"env":"DISCORD"}}}
    channels n {"telegram":{"room":"-1001","token":{"env":"TG"},"url":"http://127.0.0.1:9","webhook_secret":{"env":"TGS"}}}
    channels o {"matrix":{"room":"!a:b","token":{"env":"MX"},"url":"https://matrix.example"}}
    escalations lamplighter-synthetic {"repeat_max":0,"steps":[{"page":{"channel":"lamplighter-synthetic"},"wait":5000},{"page":{"channel":"e"},"wait":60000}]}
    escalations long {"ack_timeout":1800000,"repeat_max":2,"steps":[{"page":{"rota":"r"},"wait":90000},{"acks_min":2,"page":[{"team":"payments"},{"rota_next":"r"}],"round_robin":true,"wait":3600000,"when":{"budget":{"below":10},"hours":{"days":["sat","sun"],"from_minute":1320,"until_minute":360},"severity":"page"}},{"page":{"channel":"e"},"wait":60000}],"urgency":"morning"}
    escalations short {"repeat_max":0,"steps":[{"page":{"person":"ana"},"wait":600000}]}
    features asked {"alerts_nobody":true,"escalation":null,"needs":{"slo":"api.good@asked"},"objective":"97%","own":{"edges":{"api.good@asked":{"alerts":{},"bad":"sum(rate(d[5m]))","loses":"The light.","objective":"99%","sli":{"query":{"asks":"bad","per":"second"}},"source":"metrics","total":"sum(rate(e[5m]))","window":2419200000}},"measured":{"bad":"x","objective":"97%","sli":{"query":{"asks":"bad","per":"minute"}},"source":"metrics","total":"y","window":2419200000}},"owners":null,"question":"Asked?","team":"payments","window":2419200000}
    features beats {"escalation":"short","needs":{"slo":"api.up"},"objective":"97%","own":{"measured":{"bad":"","objective":"97%","sli":{"heartbeat":{"heartbeat":"nightly"}},"source":"pushed","total":"","window":2419200000}},"owners":null,"question":"Beats?","team":"payments","window":2419200000}
    features inner {"calendar":{"period":"month","timezone":"UTC"},"escalation":"short","method":{"ratio_time_slices":{"minutes":1}},"needs":{"any":[{"slo":"api.up"},{"slo":"carrier.up"}]},"objective":"98%","owners":null,"question":"Inner?","team":"payments","window":2678400000}
    features outer {"escalation":"long","needs":{"all":[{"any":[{"slo":"api.up"},{"slo":"carrier.up"}]},{"slo":"api.up"},{"quorum":{"of":[{"slo":"api.up"},{"slo":"carrier.up"}],"works_min":1}},{"routes":[{"need":{"slo":"api.up"},"parts":7},{"need":{"slo":"carrier.up"},"parts":3}]}]},"objective":"97%","owners":{"engineering":"ana","product":"ana","review":"2027-01-01"},"question":"Outer?","team":"payments","urgency":"morning","window":129600000}
    features probed {"escalation":"short","labels":{"product":"home"},"needs":{"slo":"api.up"},"objective":"97%","own":{"measured":{"bad":"probe","objective":"97%","sli":{"gauge":{"is":"equal","value":"1"}},"source":"own","total":"probe","window":2419200000}},"owners":null,"question":"Probed?","revision":{"by":"ana","evidence":{"$personal":{"subject":"ana","text":"https://desk.example/12"}},"reason":{"$personal":{"subject":"ana","text":"as a start"}}},"segments":{"label":"country","of":"api.up","page":true,"parts":[{"id":"probed.@segment:KE","slo":{"bad":"e_total{code=~\"5..\",country=\"KE\"}","objective":"97%","source":"own","total":"r_total{country=\"KE\"}","window":2419200000},"value":"KE"},{"id":"probed.@segment:TZ","slo":{"bad":"e_total{code=~\"5..\",country=\"TZ\"}","objective":"97%","source":"own","total":"r_total{country=\"TZ\"}","window":2419200000},"value":"TZ"}]},"team":"payments","window":2419200000}
    features quick {"alerts":[{"budget_share_ppm":20833,"long":3600000,"severity":"page","short":300000},{"budget_share_ppm":62500,"long":21600000,"severity":"page","short":1800000},{"budget_share_ppm":71428,"long":86400000,"severity":"ticket","short":7200000},{"budget_share_ppm":142857,"long":345600000,"severity":"ticket","short":21600000}],"budget_alerts":{"left":{"below_ppm":100000,"severity":"ticket"}},"escalation":"short","needs":{"slo":"api.up"},"objective":"97%","own":{"measured":{"bad":"d_bucket{le=~\"1|1\\\\.0\"}","objective":"97%","sli":{"latency":{"buckets":"d_bucket","under":"1"}},"source":"own","total":"d_count","window":2419200000}},"owners":null,"question":"Quick?","team":"payments","window":2419200000}
    features said {"escalation":"short","needs":{"slo":"api.fast@said"},"objective":"97%","own":{"edges":{"api.fast@said":{"bad":"d_bucket{le=~\"1|1\\\\.0\",journey=\"said\"}","method":{"time_slices":{"bad_ppm":50000,"minutes":5}},"objective":"99%","sli":{"latency":{"buckets":"d_bucket{journey=\"said\"}","under":"1"}},"source":"own","total":"d_count{journey=\"said\"}","window":2419200000}},"measured":{"bad":"","objective":"97%","sli":{"pushed":{"every":3600000}},"source":"pushed","total":"","window":2419200000}},"owners":null,"question":"Said?","team":"payments","window":2419200000}
    features seen {"escalation":"short","needs":{"all":[{"slo":"api.up@seen"},{"slo":"api.fast@seen"},{"slo":"carrier.up@seen"},{"slo":"api.fresh@seen"},{"slo":"api.raw@seen"}]},"objective":"97%","own":{"attempts":{"bad":"tried_total","objective":"97%","sli":"good","source":"own","total":"tried_total","window":2419200000},"edges":{"api.fast@seen":{"bad":"mine_bucket{le=~\"2|2\\\\.0\"}","method":{"time_slices":{"bad_ppm":50000,"minutes":5}},"objective":"99%","sli":{"latency":{"buckets":"mine_bucket","under":"2"}},"source":"metrics","total":"mine_count","window":2419200000},"api.fresh@seen":{"bad":"h","objective":"99%","sli":{"gauge":{"is":"equal","value":"1"}},"source":"own","total":"h","window":2419200000},"api.raw@seen":{"bad":"i","objective":"99%","sli":{"ratio":{"good":false}},"source":"own","total":"i","window":2419200000},"api.up@seen":{"bad":"e_total{code=~\"5..\",journey=\"seen\",to!=\"x\"}","objective":"99.95%","source":"own","total":"r_total{journey=\"seen\",to!=\"x\"}","window":604800000},"carrier.up@seen":{"bad":"e","objective":"99%","source":"metrics","total":"f","window":604800000}},"measured":{"bad":"seen_total","objective":"97%","sli":"good","source":"own","total":"tried_total","window":2419200000}},"owners":null,"question":"Seen?","team":"payments","window":2419200000}
    features shared {"alerts":[{"budget_share_ppm":10000,"long":3600000,"severity":"page","short":300000},{"budget_share_ppm":100000,"long":259200000,"severity":"ticket","short":21600000}],"budget_alerts":{"exhausted":{"severity":"ticket","within":259200000},"left":{"below_ppm":100000,"severity":"page"},"no_data":{"after":3600000,"severity":"ticket"}},"escalation":"short","needs":{"slo":"api.up"},"objective":"97%","own":{"measured":{"bad":"g","objective":"97%","sli":{"ratio":{"good":true}},"source":"own","total":"g","window":2419200000}},"owners":null,"question":"Shared?","team":"payments","window":2419200000}
    org "solar"
    pager alerts_open_max 5000
    pager calls_per_10min_max 7
    pager mode "shadow"
    pager pagerduty_secret {"env":"PD"}
    pay currency "kes"
    pay holiday_cents 1000
    pay hour_cents 250
    pay night_cents 100
    pay weekend_cents 75
    people ana {"aka":[{"$personal":{"subject":"ana","text":"ana.r"}}],"contacts":[{"address":{"$personal":{"subject":"ana","text":"ana@solar.example"}},"medium":"email"},{"address":{"$personal":{"subject":"ana","text":"+15550100"}},"medium":"sms"},{"address":{"$personal":{"subject":"ana","text":"ana-7f"}},"medium":"ntfy"},{"address":{"$personal":{"subject":"ana","text":"+15550101"}},"medium":"voice"},{"address":{"$personal":{"subject":"ana","text":"u1"}},"medium":"pushover"},{"address":{"$personal":{"subject":"ana","text":"U1"}},"medium":"slack"},{"address":{"$personal":{"subject":"ana","text":"ana"}},"medium":"mattermost"},{"address":{"$personal":{"subject":"ana","text":"17"}},"medium":"telegram"},{"address":{"$personal":{"subject":"ana","text":"!dm:b"}},"medium":"matrix"}],"duty":{"away":[],"hours":{"days":[],"from_minute":480,"until_minute":1020},"skills":{"postgres":3}},"name":{"$personal":{"subject":"ana","text":"Ana Reyes"}},"rules":{"page":[{"after":0,"by":"ntfy"},{"after":120000,"by":"sms"}],"quiet":{"from_minute":1320,"to_minute":420},"ticket":[{"after":0,"by":"email"}]},"timezone":"America/Los_Angeles"}
    people bo {"contacts":[{"address":{"$personal":{"subject":"bo","text":"+254700000001"}},"medium":"sms"}],"name":{"$personal":{"subject":"bo","text":"Bo"}},"timezone":"Africa/Nairobi"}
    public_url "https://lamp.solar.example"
    rotas r {"confirm":900000,"layers":[{"handover_day":"mon","handover_minute":1050,"people":["ana"],"starts":"2026-01-05","turn":{"days":3}}],"load":{"pages":3,"per":"night","then":"relieve"},"rules":{"apart_from":[],"cover":[{"days":["mon","tue","wed","thu","fri"],"from_minute":540,"until_minute":1020}],"handover":{"before":5400000,"nag":1200000,"on":true,"page":10800000},"owner":"payments","readiness":{"ana":"shadowed"},"roster":{"debt":{"ana":12},"nights_per_month_max":8,"not_together":[["ana","bo"]],"rest_after_night_hours":11,"shifts_in_row_max":5},"skills":["postgres"]},"timezone":"Africa/Nairobi"}
    rotas s {"layers":[{"handover_day":"mon","handover_minute":540,"people":["ana","bo"],"rules":{"advance":"worked","from":"2026-12-01","only":[{"days":["fri","sat","sun","mon"],"from_minute":1320,"until_minute":360},{"days":[],"from_minute":540,"until_minute":1440}],"shifts":[{"lasts_mins":480,"repeat":"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH","start_minute":540},{"lasts_mins":1440,"repeat":"FREQ=MONTHLY;BYDAY=1SA","start_minute":600}],"timezone":"Africa/Nairobi","together":2,"until":"2026-12-31"},"starts":"2024-01-01","turn":{"weeks":1}}],"rules":{"apart_from":["r"],"cover":[],"owner":null,"readiness":{},"roster":{"debt":{},"nights_per_month_max":null,"not_together":[],"rest_after_night_hours":null,"shifts_in_row_max":null},"skills":[]},"timezone":"UTC"}
    services api {"kind":{"own":{"team":"payments"}},"slos":{"asked":{"bad":"sum(rate(a[{{.window}}]))","objective":"99%","sli":{"query":{"asks":"good","per":"second"}},"source":"metrics","total":"sum(rate(b[{{.window}}]))","window":2419200000},"beats":{"bad":"","objective":"99%","sli":{"heartbeat":{"heartbeat":"nightly"}},"source":"pushed","total":"","window":2419200000},"fast":{"bad":"d_bucket{le=~\"1|1\\\\.0\"}","method":{"time_slices":{"bad_ppm":50000,"minutes":5}},"objective":"99%","sli":{"latency":{"buckets":"d_bucket","under":"1"}},"source":"own","total":"d_count","window":2419200000},"finer":{"bad":"d{job=\"shop\",__under__=\"0.25\"}","objective":"99%","sli":{"latency":{"buckets":"d{job=\"shop\",__under__=\"bounds\"}","under":"0.25"}},"source":"metrics","total":"d{job=\"shop\",__under__=\"+Inf\"}","window":2419200000},"fresh":{"bad":"g","objective":"99%","sli":{"gauge":{"is":"at_most","value":"3"}},"source":"own","total":"g","window":2419200000},"good":{"alerts":{},"bad":"a","loses":"The light.","objective":"99%","sli":"good","source":"own","total":"b","window":2419200000},"raw":{"bad":"g","objective":"99%","sli":{"ratio":{"good":true}},"source":"own","total":"g","window":2419200000},"shared":{"bad":"avg(c)","objective":"99%","sli":{"query":{"asks":"error_ratio","per":"minute"}},"source":"metrics","total":"avg(c)","window":2419200000},"told":{"bad":"","calendar":{"period":"week","timezone":"UTC"},"objective":"99%","sli":{"pushed":{"check":"nightly","every":3600000,"secret":{"env":"CI"}}},"source":"pushed","total":"","window":604800000},"up":{"bad":"e_total{code=~\"5..\"}","objective":"99.95%","source":"own","total":"r_total","window":604800000}},"urgency":"wake"}
    services carrier {"kind":"supplier","slos":{"up":{"bad":"a","objective":"99%","source":"metrics","total":"b","window":604800000}},"urgency":"morning"}
    sources metrics {"interval":60000,"kind":{"prometheus":{"token":{"env":"PROM"},"url":"http://127.0.0.1:9090"}}}
    sources own {"interval":5000,"kind":{"scrape":{"targets":{"api":"http://127.0.0.1:9100/metrics"}}}}
    teams payments {"load":{"pages":4,"per":"day","then":"credit"},"members":["ana","bo"],"mode":"live","tribute":"r"}
    watched exclusions {"storm":{"counts":"good","features":["inner"],"owner":"ana","reason":{"$personal":{"subject":"ana","text":"A storm"}},"slos":["api.up"],"times":{"own":{"lasts":10800000,"timezone":"UTC","when":"2026-11-02 22:00"}}},"work":{"counts":"dropped","features":["inner"],"owner":"ana","reason":{"$personal":{"subject":"ana","text":"Patches"}},"slos":[],"times":{"during":"patches"}}}
    watched heartbeats {"nightly":{"every":86400000,"feature":"inner","grace":1800000,"service":"api","severity":"ticket","team":"payments"}}
    watched maintenance {"patches":{"lasts":7200000,"matchers":"service=\"api\"","owner":"ana","reason":"Patches","timezone":"Africa/Nairobi","when":"tue,thu 02:00"}}
    watched ping {"every":60000,"token":{"env":"PING"},"url":"https://other.example/api/v1/heartbeats/us/ping"}
    watched synthetic {"channel":"e","deadline":60000,"every":1800000}
    "#);
}

#[test]
fn defaults_are_filled_in() {
    let catalogue = good(
        r#"
org: solar
people: { ana: { timezone: UTC, email: a@b } }
teams: { t: { members: [ana] } }
services: { s: { team: t, slos: { up: { objective: 99%, ratio: { bad: a, total: b } } } } }
features: { f: { question: F?, team: t, objective: 99%, needs: s.up } }
rotas: { t: { timezone: UTC, layers: [{ people: [ana], turn: 1w }] } }
escalations: { t: [{ page: rota t }] }
channels:
  a: { smtp: { host: h, from: a@b } }
  b: { smtp: { host: h, from: a@b, encryption: tls } }
  c: { smtp: { host: h, from: a@b, encryption: none } }
  d: { twilio: { account: AC1, token: env:T, from: "+15550111" } }
  e: { sms-http: { url: "http://h/" } }
sources:
  default: { prometheus: { url: http://h } }
  another: { scrape: { targets: { a: http://h } } }
heartbeats: { short: { every: 1m }, long: { every: 7d } }
watch: { synthetic: { every: 1h }, ping: { url: http://h } }
"#,
    );
    insta::assert_snapshot!(lines(&catalogue), @r#"
    channels a {"smtp":{"encryption":"starttls","from":"a@b","host":"h","password":null,"port":587,"username":null}}
    channels b {"smtp":{"encryption":"tls","from":"a@b","host":"h","password":null,"port":465,"username":null}}
    channels c {"smtp":{"encryption":"none","from":"a@b","host":"h","password":null,"port":25,"username":null}}
    channels d {"twilio":{"account":"AC1","from":"+15550111","token":{"env":"T"},"url":"https://api.twilio.com"}}
    channels e {"http_sms":{"body":null,"headers":{},"method":"POST","url":"http://h/"}}
    channels lamplighter-synthetic {"webhook":{"secret":{"plain":"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"url":"http://127.0.0.1/api/v1/watch/receipt"}}
    escalations lamplighter-synthetic {"repeat_max":0,"steps":[{"page":{"channel":"lamplighter-synthetic"},"wait":120000}]}
    escalations t {"repeat_max":0,"steps":[{"page":{"rota":"t"},"wait":300000}]}
    features f {"escalation":"t","needs":{"slo":"s.up"},"objective":"99%","owners":null,"question":"F?","team":"t","window":2419200000}
    org "solar"
    people ana {"contacts":[{"address":{"$personal":{"subject":"ana","text":"a@b"}},"medium":"email"}],"name":null,"timezone":"UTC"}
    public_url null
    rotas t {"layers":[{"handover_day":"mon","handover_minute":540,"people":["ana"],"starts":"2024-01-01","turn":{"weeks":1}}],"timezone":"UTC"}
    services s {"kind":{"own":{"team":"t"}},"slos":{"up":{"bad":"a","objective":"99%","source":"default","total":"b","window":2419200000}}}
    sources another {"interval":15000,"kind":{"scrape":{"targets":{"a":"http://h"}}}}
    sources default {"interval":15000,"kind":{"prometheus":{"token":null,"url":"http://h"}}}
    teams t {"members":["ana"]}
    watched exclusions {}
    watched heartbeats {"long":{"every":604800000,"feature":null,"grace":3600000,"service":null,"severity":"page","team":null},"short":{"every":60000,"feature":null,"grace":15000,"service":null,"severity":"page","team":null}}
    watched maintenance {}
    watched ping {"every":60000,"token":null,"url":"http://h"}
    watched synthetic {"channel":null,"deadline":120000,"every":3600000}
    "#);
}

#[test]
fn several_files_are_one_organisation_and_order_does_not_matter() {
    let files = [
        ("a.yaml", "org: solar\npeople: { ana: { timezone: UTC, email: a@b } }\n"),
        ("b.yaml", "teams: { t: { members: [ana, bo] } }\n---\norg: solar\n"),
        ("c.yaml", "people: { bo: { timezone: Africa/Nairobi } }\n"),
        ("d.yaml", "scrape_configs: []\n"),
    ];
    let forwards = load_str(&files);
    assert_eq!(forwards.diagnostics.len(), 1, "only the note about the foreign file");
    let mut reversed = files;
    reversed.reverse();
    assert_eq!(load_str(&reversed).catalogue, forwards.catalogue);
    assert_eq!(forwards.catalogue.unwrap().people.len(), 2);
}

/// Of a folder: YAML directly inside, by name; not what is hidden, below, or of another kind. A
/// file that is named beside its folder is read once.
#[test]
fn a_folder_is_read_in_order_of_name() {
    let folder = std::env::temp_dir().join(format!("lamplighter-catalog-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("below")).unwrap();
    for (name, text) in [
        ("b.yml", "people: { bo: { timezone: UTC } }"),
        ("a.yaml", "org: solar"),
        (".hidden.yaml", "org: other"),
        ("notes.txt", "org: other"),
        ("below/c.yaml", "org: other"),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let loaded = load(&[folder.join("b.yml"), folder.clone(), folder.join("./a.yaml")]);
    std::fs::remove_dir_all(&folder).unwrap();
    let names = loaded.files.iter().map(|it| Path::new(&it.name).strip_prefix(&folder).unwrap());
    assert_eq!(names.collect::<Vec<_>>(), [Path::new("b.yml"), Path::new("a.yaml")]);
    assert_eq!(shorthand(&loaded), "");
    assert_eq!(loaded.catalogue.unwrap().people.len(), 1);
}

#[test]
fn a_hash_is_pinned_and_changes_with_every_word() {
    let text = "org: solar\npeople: { ana: { timezone: UTC, email: a@b } }\n";
    let first = hash(&good(text));
    insta::assert_snapshot!(first, @"fe374c3f90eb491b2db9d6fe202f2e1fe4ef32567ab43398434d177e5d156c45");
    assert_eq!(hash(&good(&text.replace(' ', "  "))), first);
    assert_ne!(hash(&good(&text.replace("a@b", "c@b"))), first);
}

#[test]
fn the_examples_are_without_fault() {
    let solar = example("solar");
    let codes: Vec<_> = solar.diagnostics.iter().map(|it| it.code).collect();
    assert_eq!(codes, ["LL008", "LL008"], "{}", shorthand(&solar));
    let catalogue = solar.catalogue.unwrap();
    let features: Vec<_> = catalogue.features.keys().map(FeatureId::as_str).collect();
    assert_eq!(features, ["light-on", "make-sale", "see-reports"]);
    for medium in [Medium::Email, Medium::Sms, Medium::Ntfy] {
        assert!(catalogue.channel_for(medium).is_some(), "{medium:?}");
    }
    let minimal = example("minimal/lamplighter.yaml");
    assert_eq!(shorthand(&minimal), "");
    assert!(minimal.catalogue.is_some());
}

/// What is counted, and how it is judged, one objective after another.
#[test]
fn everything_that_can_be_counted_reads() {
    let catalogue = good(
        r#"
org: solar
people: { ana: { timezone: UTC } }
teams: { shop: { members: [ana] } }
services:
  shop:
    team: shop
    slos:
      good: { objective: 99%, ratio: { good: ok_total, total: all_total }, loses: the light stays off }
      fast: { objective: 99%, latency: { histogram: 'd_seconds{job="shop"}', under: 300ms } }
      whole: { objective: 99%, latency: { histogram: d_seconds_bucket, under: 1s } }
      fresh: { objective: 99%, gauge: { metric: age, is: "<= 300" }, slices: { of: 5m, good: 95% } }
      raw: { objective: 99%, raw: { metric: share, of: bad }, slices: { of: 1m } }
      checks: { objective: 99%, pushed: { every: 1d }, calendar: { every: quarter, timezone: Europe/Berlin } }
sources: { here: { scrape: { targets: { shop: "http://127.0.0.1:1/metrics" } } } }
"#,
    );
    let mut shown = String::new();
    for (id, slo) in catalogue.slos() {
        writeln!(shown, "{id} {}", serde_json::to_string(slo).unwrap()).unwrap();
    }
    insta::assert_snapshot!(shown, @r#"
    shop.checks {"objective":"99%","window":7948800000,"bad":"","total":"","source":"pushed","sli":{"pushed":{"every":86400000}},"calendar":{"period":"quarter","timezone":"Europe/Berlin"}}
    shop.fast {"objective":"99%","window":2419200000,"bad":"d_seconds_bucket{job=\"shop\",le=~\"0\\\\.3\"}","total":"d_seconds_count{job=\"shop\"}","source":"here","sli":{"latency":{"under":"0.3","buckets":"d_seconds_bucket{job=\"shop\"}"}}}
    shop.fresh {"objective":"99%","window":2419200000,"bad":"age","total":"age","source":"here","sli":{"gauge":{"is":"at_most","value":"300"}},"method":{"time_slices":{"minutes":5,"bad_ppm":50000}}}
    shop.good {"objective":"99%","window":2419200000,"bad":"ok_total","total":"all_total","source":"here","sli":"good","loses":"the light stays off"}
    shop.raw {"objective":"99%","window":2419200000,"bad":"share","total":"share","source":"here","sli":{"ratio":{"good":false}},"method":{"ratio_time_slices":{"minutes":1}}}
    shop.whole {"objective":"99%","window":2419200000,"bad":"d_seconds_bucket{le=~\"1|1\\\\.0\"}","total":"d_seconds_count","source":"here","sli":{"latency":{"under":"1","buckets":"d_seconds_bucket"}}}
    "#);
}

/// Alerts of a feature and of an objective, short and long.
#[test]
fn alerts_on_budgets_read() {
    let catalogue = good(
        r#"
org: solar
people: { ana: { timezone: UTC, email: ana@solar.example } }
teams: { shop: { members: [ana] } }
escalations: { shop: [{ page: person ana }] }
channels: { m: { smtp: { host: mail.example, from: a@mail.example } } }
services:
  shop:
    team: shop
    slos:
      plain: { objective: 99%, ratio: { bad: b, total: t } }
      loud: { objective: 99%, ratio: { bad: b, total: t }, alerts: workbook }
      own: { objective: 99%, ratio: { bad: b, total: t }, alerts: { page: [1%/1h/5m], no-data: 2h } }
sources: { here: { scrape: { targets: { shop: "http://127.0.0.1:1/metrics" } } } }
features:
  buy:
    { question: Buy?, team: shop, objective: 99%, needs: shop.plain, alerts: { budget-left: 12.5%, exhausted-within: 2d, no-data: { after: 10m, severity: page } } }
"#,
    );
    let mut shown = String::new();
    for (id, slo) in catalogue.slos() {
        writeln!(shown, "{id} {}", serde_json::to_string(&slo.alerts).unwrap()).unwrap();
    }
    let buy = &catalogue.features[&model::FeatureId::from("buy")];
    writeln!(shown, "buy {}", serde_json::to_string(&buy.budget_alerts).unwrap()).unwrap();
    assert_eq!(buy.alerts, vec![]);
    assert_eq!(
        shown,
        r#"shop.loud {}
shop.own {"conditions":[{"severity":"page","long":3600000,"short":300000,"budget_share_ppm":10000}],"budget":{"no_data":{"after":7200000,"severity":"ticket"}}}
shop.plain null
buy {"left":{"below_ppm":125000,"severity":"ticket"},"exhausted":{"within":172800000,"severity":"ticket"},"no_data":{"after":600000,"severity":"page"}}
"#
    );
}
