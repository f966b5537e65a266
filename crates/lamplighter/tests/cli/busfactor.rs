//! `busfactor` over a repository that this test makes with `git`, and over exported logs.
//!
//! The repository has a renamed file, a merge, a second address in `.mailmap`, a program's commits, a
//! program's trailer, awkward file names, and settings that would change what `git log` writes.

use crate::run;
use crate::served::folder;
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository whose every commit has a given author and day of January 2026.
struct Repository {
    path: PathBuf,
    day: u32,
}

impl Repository {
    fn new(path: PathBuf) -> Self {
        std::fs::create_dir_all(&path).expect("ours");
        let it = Self { path, day: 0 };
        it.git(&["init", "--quiet", "--initial-branch=main"]);
        for (key, value) in [
            ("log.showSignature", "true"),
            ("log.showRoot", "false"),
            ("diff.renames", "false"),
            ("core.quotePath", "true"),
        ] {
            it.git(&["config", key, value]);
        }
        it
    }

    fn git(&self, arguments: &[&str]) {
        self.git_as("Nobody <nobody@example.org>", arguments);
    }

    fn git_as(&self, who: &str, arguments: &[&str]) {
        let (name, email) = who.trim_end_matches('>').split_once(" <").expect("a contact");
        let at = format!("2026-01-{:02}T12:00:00Z", self.day.max(1));
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_DEFAULT_HASH", "sha1")
            .envs([("GIT_AUTHOR_NAME", name), ("GIT_COMMITTER_NAME", name)])
            .envs([("GIT_AUTHOR_EMAIL", email), ("GIT_COMMITTER_EMAIL", email)])
            .envs([("GIT_AUTHOR_DATE", &at), ("GIT_COMMITTER_DATE", &at)])
            .output()
            .expect("git starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// One more day, one more commit with these files; a text of `-` only stages what is there.
    fn commit(&mut self, who: &str, message: &str, files: &[(&str, &str)]) {
        self.day += 1;
        for (path, text) in files.iter().filter(|it| it.1 != "-") {
            let file = self.path.join(path);
            std::fs::create_dir_all(file.parent().expect("in a folder")).expect("ours");
            std::fs::write(file, text).expect("ours");
        }
        self.git(&["add", "--all"]);
        self.git_as(who, &["commit", "--quiet", "--message", message]);
    }
}

const ANA: &str = "Ana Reyes <ana@example.org>";
const ANA_AT_HOME: &str = "anita <ana@home.example>";
const BO: &str = "Bo Lind <bo@example.org>";
const BOT: &str = "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>";

fn made(home: &Path) -> Repository {
    let mut it = Repository::new(home.join("app"));
    let lines: Vec<String> = (1..=30).map(|it| format!("line {it}")).collect();
    let long = lines.join("\n") + "\n";
    it.commit(ANA, "first", &[("src/a.rs", &long), ("src/b.rs", "b"), ("README.md", "app")]);
    it.commit(ANA_AT_HOME, "from home", &[("src/a b\té.rs", "c"), (".mailmap", MAILMAP)]);
    it.commit(ANA_AT_HOME, "more", &[("src/g.rs", "g")]);
    // A branch of Bo's, merged: the merge itself makes nobody an author.
    it.git(&["checkout", "--quiet", "-b", "side"]);
    it.commit(BO, "side", &[("src/d.rs", "d")]);
    it.git(&["checkout", "--quiet", "main"]);
    it.commit(ANA, "main", &[("src/e.rs", "e")]);
    it.day += 1;
    it.git_as(BO, &["merge", "--quiet", "--no-ff", "--message", "merge", "side"]);
    // A program renames Ana's file; it stays hers. Then Bo changes it once.
    it.git(&["mv", "src/a.rs", "src/core.rs"]);
    it.commit(BOT, "rename", &[("src/core.rs", "-")]);
    it.commit(BO, "change", &[("src/core.rs", &format!("{long}x\n"))]);
    for version in ["2", "3", "4", "5", "6", "7"] {
        it.commit(BOT, "update", &[("src/b.rs", version)]);
    }
    let trailers = "paired\n\nCo-authored-by: Cy Onsongo <cy@example.org>\n\
                    Co-Authored-By: Claude <noreply@anthropic.com>";
    it.commit(BO, trailers, &[("src/f.rs", "f")]);
    it
}

const MAILMAP: &str = "Ana Reyes <ana@example.org> anita <ana@home.example>\n";

/// What the program says, with hashes and folders replaced.
fn told(home: &Path, arguments: &str) -> String {
    let output = run(home, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code().expect("it ended by itself");
    let plain = |line: &str| {
        let hash = line.split_once('(').and_then(|it| it.1.split_once(')')).map(|it| it.0);
        match hash.filter(|it| it.len() == 12 && it.bytes().all(|it| it.is_ascii_hexdigit())) {
            Some(hash) => line.replace(hash, "HASH"),
            None => line.to_owned(),
        }
    };
    let said: Vec<String> = said.lines().map(plain).collect();
    let whole = format!("exit code {code}\n{}\n{complained}", said.join("\n"));
    whole.replace(&home.display().to_string(), "DIR")
}

fn asked(home: &Path, arguments: &str) -> Value {
    let output = run(home, &format!("busfactor --json {arguments}"));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|it| panic!("{it}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_repository_is_told_with_everything_the_number_rests_on() {
    let home = folder("busfactor");
    made(&home);
    assert_snapshot!("busfactor_avelino", told(&home, "busfactor app"));
    assert_snapshot!("busfactor_jetbrains", told(&home, "busfactor app --method jetbrains"));
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn renames_merges_mailmap_and_programs_count_as_written() {
    let home = folder("busfactor-rules");
    made(&home);
    let plain = asked(&home, "app");
    // Ana's alone: b, "a b\té", e, g; Bo's: d and f; core is both's. Of seven files four must be lost.
    assert_eq!(plain["bus_factor"], json!(1));
    assert_eq!(plain["filter"]["files"], json!(7));
    assert_eq!(plain["filter"]["files_without_author"], json!(0));
    assert_eq!(plain["identity"]["people"], json!(2));
    assert_eq!(plain["left_out"]["commits_of_programs"], json!(7));
    let core = asked(&home, "app --only src/core.rs");
    assert_eq!((&core["bus_factor"], &core["filter"]["files"]), (&json!(2), &json!(1)));
    let unmapped = asked(&home, "app --no-mailmap");
    assert_eq!((&unmapped["bus_factor"], &unmapped["identity"]["authors"]), (&json!(2), &json!(3)));
    let programs = asked(&home, "app --bots");
    assert_eq!(programs["left_out"]["commits_of_programs"], json!(0));
    assert_eq!(programs["identity"]["authors"], json!(3));
    let credited = asked(&home, "app --co-authors yes");
    assert_eq!(credited["identity"]["people"], json!(3));
    assert_eq!(credited["identity"]["authors"], json!(3));
    assert_eq!(credited["left_out"]["trailers_of_programs"], json!(1));
    std::fs::remove_dir_all(home).expect("ours");
}

/// Ana and Bo are named because it was asked for; nothing else names anybody.
#[test]
fn a_pairing_is_named_only_when_asked_for() {
    let home = folder("busfactor-pairing");
    let mut app = Repository::new(home.join("app"));
    app.commit(ANA, "first", &[("pay/a.rs", "a"), ("pay/b.rs", "b"), ("pay/c.rs", "c")]);
    app.commit(BO, "second", &[("web/d.rs", "d")]);
    app.commit(ANA, "more", &[("pay/a.rs", "a2"), ("pay/b.rs", "b2")]);
    app.commit(ANA, "more", &[("pay/a.rs", "a3"), ("pay/b.rs", "b3")]);
    app.commit(ANA, "more", &[("pay/a.rs", "a4"), ("pay/b.rs", "b4")]);
    app.commit(BO, "help", &[("pay/a.rs", "a5"), ("pay/b.rs", "b5")]);
    let asked_for = told(&home, "busfactor app --pairing");
    let (_, paired) = asked_for.split_once("The cheapest").expect("it was asked for");
    assert_snapshot!(format!("The cheapest{paired}"), @r"
    The cheapest next pairing
      Ana Reyes with Bo Lind on pay: Ana Reyes is the only author of 3 files, and Bo Lind has changed 2 of them.
      Afterwards files with a single author fall from 4 to 1, and the bus factor goes from 1 to 2.
      No other would do as well. Assumed: Bo Lind is an author of those files then.
    ");
    let json = asked(&home, "app --pairing");
    assert_eq!(
        json["pairing"],
        json!({
            "folder": "pay", "knows": "Ana Reyes", "learns": "Bo Lind", "files": 3, "files_begun": 2,
            "single_author_files": { "now": 4, "after": 1 },
            "bus_factor": { "now": 1, "after": 2 }, "as_good": 0,
        })
    );
    for arguments in ["app", "app --json", "app --method jetbrains"] {
        let text = told(&home, &format!("busfactor {arguments}"));
        assert!(!["Ana", "Bo", "example.org"].iter().any(|it| text.contains(it)), "{text}");
    }
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn an_instant_shows_the_main_line_as_it_stood() {
    let home = folder("busfactor-at");
    made(&home);
    let files = |at: &str| asked(&home, &format!("app --at {at}"))["filter"]["files"].clone();
    assert_eq!(files("2026-01-01T12:00:00Z"), json!(2));
    assert_eq!(files("2026-01-02T23:59:59Z"), json!(3));
    // Bo's branch was written on the fourth day and merged on the sixth.
    assert_eq!(files("2026-01-04T12:00:00Z"), json!(4));
    assert_eq!(files("2026-01-05T12:00:00Z"), json!(5));
    assert_eq!(files("2026-01-06T12:00:00Z"), json!(6));
    assert_snapshot!(told(&home, "busfactor app --at 2025-12-31T00:00:00Z"), @r"
    exit code 1

    error: app had no commits at 2025-12-31T00:00:00Z
      hint: name another instant, or another branch's work tree
    ");
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn several_repositories_are_counted_each_and_together() {
    let home = folder("busfactor-two");
    made(&home);
    let mut ops = Repository::new(home.join("ops"));
    ops.commit("Bo L. <BO@example.org>", "roles", &[("roles/web.pp", "x"), ("roles/db.pp", "y")]);
    ops.commit(BO, "more", &[("roles/cache.pp", "z"), ("roles/queue.pp", "w")]);
    let it = asked(&home, "app ops");
    let names: Vec<&Value> = it["repositories"].as_array().expect("a list").iter().collect();
    let shown = |it: &Value| json!([it["name"], it["bus_factor"], it["identity"]["authors"]]);
    assert_eq!(shown(&it), json!(["together", 1, 2]));
    assert_eq!(
        names.iter().map(|it| shown(it)).collect::<Vec<_>>(),
        [json!(["app", 1, 2]), json!(["ops", 1, 1])]
    );
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn what_cannot_be_read_is_refused_with_what_to_do() {
    let home = folder("busfactor-wrong");
    made(&home);
    assert_snapshot!(told(&home, "busfactor app/src"), @r"
    exit code 1

    error: app/src lies inside a repository
      hint: ask for DIR/app with --only src
    ");
    assert_snapshot!(told(&home, "busfactor nowhere"), @r"
    exit code 1

    error: there is no folder nowhere
      hint: name a folder with a git repository in it
    ");
    Repository::new(home.join("empty"));
    assert_snapshot!(told(&home, "busfactor empty"), @r"
    exit code 1

    error: empty has no commits
      hint: name another instant, or another branch's work tree
    ");
    let source = format!("file://{}", home.join("app").display());
    let shallow = Command::new("git")
        .args(["clone", "--quiet", "--depth", "2", &source, "cut"])
        .current_dir(&home)
        .status();
    assert!(shallow.is_ok_and(|it| it.success()));
    assert_snapshot!(told(&home, "busfactor cut"), @r"
    exit code 1

    error: the history of cut is cut off
      A shallow clone would show whoever comes first as the author of every file.
      hint: fetch the rest with `git fetch --unshallow`
    ");
    assert_snapshot!(told(&home, "busfactor app --at noon"), @r"
    exit code 1

    error: `noon` is not an instant
      hint: write it as 2026-12-24T18:00:00Z
    ");
    assert_snapshot!(told(&home, "busfactor app --decay 30"), @r"
    exit code 1

    error: --decay belongs to the method jetbrains and to evidence
    ");
    std::fs::write(home.join("a.log"), "commit\th\t2026-01-01T00:00:00Z\tn\te\nM\n").expect("ours");
    std::fs::write(home.join("a.files"), "a.rs\n").expect("ours");
    assert_snapshot!(told(&home, "busfactor --log a.log --files a.files"), @r#"
    exit code 1

    error: a.log is not an exported log
      line 2: `M` is neither a commit nor a change of a file
      hint: the book shows how to export one, under "Bus factor"
    "#);
    std::fs::write(home.join("a.log"), "commit\th\t2026-01-01T00:00:00Z\tn\te\n").expect("ours");
    assert_eq!(run(&home, "busfactor --log a.log --files a.files").status.code(), Some(1));
    assert_eq!(run(&home, "busfactor").status.code(), Some(2));
    assert_eq!(run(&home, "busfactor --log a.log").status.code(), Some(2));
    assert_eq!(run(&home, "busfactor app --log a.log --files a.files").status.code(), Some(2));
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn services_are_counted_from_operations() {
    let home = folder("busfactor-services");
    let file = "at,kind,service,person\n\
                2026-06-01T00:00:00Z,incident,billing,ana\n\
                2026-06-02T00:00:00Z,change,billing,bo\n\
                2026-05-02T00:00:00Z,runbook,lights,ana\n\
                2026-05-02T00:00:00Z,change,lights,deploy-bot\n\
                2025-06-02T00:00:00Z,change,archive,cy\n";
    std::fs::write(home.join("operations.csv"), file).expect("ours");
    assert_snapshot!("busfactor_evidence", told(&home, "busfactor --evidence operations.csv"));
    let json = asked(&home, "--evidence operations.csv --at 2026-05-31T00:00:00Z");
    assert_eq!(json["services"], json!({ "archive": 0, "lights": 1 }));
    // With hours: when nobody is at work who knows it, and who could learn it.
    let people =
        "person,timezone,hours\nana,Africa/Nairobi,09:00-17:00\nbo,Europe/Berlin,09:00-17:00\n";
    std::fs::write(home.join("p.csv"), people).expect("ours");
    let asked_for = "--evidence operations.csv --people p.csv --pairing";
    let week = asked(&home, asked_for)["week"].clone();
    // Nairobi is one hour ahead of Berlin in summer: eight hours, or nine, on five days.
    let nobody = json!({ "archive": 168.0, "billing": 123.0, "lights": 128.0 });
    assert_eq!(week["hours_with_nobody"], nobody);
    assert_eq!(week["pairing"]["hours_with_nobody"], json!([128.0, 123.0]));
    assert_eq!(
        [&week["pairing"]["service"], &week["pairing"]["learns"], &week["pairing"]["begun"]],
        [&json!("lights"), &json!("bo"), &json!(false)]
    );
    let said = told(&home, &format!("busfactor {asked_for}"));
    assert!(said.contains("hours with nobody fall from 128 to 123 a week"), "{said}");
    let lacking = told(&home, "busfactor --evidence operations.csv --pairing");
    assert!(lacking.contains("add --people FILE"), "{lacking}");
    std::fs::write(home.join("operations.csv"), "yesterday,nap,billing,ana").expect("ours");
    assert_snapshot!(told(&home, "busfactor --evidence operations.csv"), @r#"
    exit code 1

    error: operations.csv is no evidence
      line 1: `yesterday,nap,billing,ana` is not `at,kind,service,person` with one of incident, change, runbook, pairing
      hint: the book shows the form, under "Bus factor"
    "#);
    let wrong = "busfactor --evidence operations.csv --method avelino";
    assert_eq!(run(&home, wrong).status.code(), Some(2));
    std::fs::remove_dir_all(home).expect("ours");
}

/// The published figures, through the command, in any of the exported logs there are.
#[test]
fn exported_logs_give_the_published_figures() {
    let home = folder("busfactor-logs");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|it| it.join("shared/conformance/busfactor"))
        .find(|it| it.is_dir());
    let Some(cases) = cases else {
        println!("left out: shared/conformance/busfactor is not here");
        return;
    };
    for (name, method, expected) in
        [("monolog-2015-02-25", "avelino", 11), ("monolog-2023-05-25", "jetbrains", 1)]
    {
        let file = |ending: &str| cases.join(format!("{name}.{ending}")).display().to_string();
        let logs = format!("--log {} --files {}", file("log"), file("files"));
        let it = asked(&home, &format!("{logs} --method {method}"));
        assert_eq!(it["bus_factor"], json!(expected), "{name}");
        assert_eq!(it["greedy"], json!(expected), "{name}");
        assert_eq!(it["exact"], json!({ "at_least": expected, "at_most": expected }), "{name}");
    }
    std::fs::remove_dir_all(home).expect("ours");
}
