//! The Debian package: binary, unit, man pages, completions and examples.
//!
//! The unit uses a dynamic user, so nothing has to be made at installation. The scripts only tell
//! systemd that a unit came, changed or went. The service is not started: it needs a configuration,
//! and only the reader can write it.

use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DOC: &str = "usr/share/doc/lamplighter";

/// Scripts of the package. They do nothing where systemd does not run.
const SCRIPTS: [(&str, &str); 3] = [
    (
        "postinst",
        r#"if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    if [ -n "$2" ]; then
        deb-systemd-invoke try-restart lamplighter.service >/dev/null || true
    fi
fi
"#,
    ),
    (
        "prerm",
        r#"if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop lamplighter.service >/dev/null || true
fi
"#,
    ),
    (
        "postrm",
        "if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
fi
",
    ),
];

/// What Debian's checker finds and we mean.
const OVERRIDES: &str = "\
# One file that runs anywhere is what this package is for; SQLite is inside on purpose.
lamplighter: statically-linked-binary [usr/bin/lamplighter]
lamplighter: shared-library-lacks-prerequisites [usr/bin/lamplighter]
lamplighter: embedded-library *
# Built outside Debian, for which there is no number of an intent to package.
lamplighter: initial-upload-closes-no-bugs *
# Whoever hands the package on puts their own address here.
lamplighter: bogus-mail-host *
lamplighter: bogus-mail-host-in-debian-changelog *
";

/// Makes the package of `tree` in `dist`, and says what it is called.
pub(crate) fn build(root: &Path, tree: &Path, dist: &Path, made_at: &str) -> Result<String> {
    let stage = Stage(dist.join("stage"));
    contents(root, tree, &stage)?;
    changelog(&stage, made_at)?;
    let version = env!("CARGO_PKG_VERSION");
    let architecture = architecture();
    stage.write("DEBIAN/control", control(architecture, size_kib(&stage.0)?).as_bytes())?;
    for (name, text) in SCRIPTS {
        stage.write(&format!("DEBIAN/{name}"), format!("#!/bin/sh\nset -e\n{text}").as_bytes())?;
    }
    settle(&stage.0)?;
    let package = format!("lamplighter_{version}_{architecture}.deb");
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "-Zxz", "--build"]).arg(&stage.0).arg(dist.join(&package));
    build.env("SOURCE_DATE_EPOCH", made_at).stdout(Stdio::null());
    shell::run(build)?;
    fs::remove_dir_all(&stage.0)?;
    Ok(package)
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn contents(root: &Path, tree: &Path, stage: &Stage) -> Result<()> {
    stage.copy(&tree.join("bin/lamplighter"), "usr/bin/lamplighter")?;
    let unit = "usr/lib/systemd/system/lamplighter.service";
    stage.copy(&tree.join("systemd/lamplighter.service"), unit)?;
    for page in entries(&tree.join("man"))? {
        let name = page.file_name().context("a page has a name")?.to_string_lossy();
        let text = fs::read(&page)?;
        stage.write(&format!("usr/share/man/man1/{name}.gz"), &compressed(&text)?)?;
    }
    let completions = [
        ("bash", "usr/share/bash-completion/completions/lamplighter"),
        ("zsh", "usr/share/zsh/vendor-completions/_lamplighter"),
        ("fish", "usr/share/fish/vendor_completions.d/lamplighter.fish"),
    ];
    for (shell_name, to) in completions {
        stage.copy(&tree.join("completions").join(format!("lamplighter.{shell_name}")), to)?;
    }
    for example in entries(&tree.join("examples"))? {
        for file in entries(&example)? {
            let inside = file.strip_prefix(tree)?;
            stage.copy(&file, &format!("{DOC}/{}", inside.display()))?;
        }
    }
    stage.copy(&tree.join("README.md"), &format!("{DOC}/README.md"))?;
    stage.copy(&root.join("packaging/copyright"), &format!("{DOC}/copyright"))?;
    let changes = fs::read(tree.join("CHANGELOG.md"))?;
    stage.write(&format!("{DOC}/NEWS.md.gz"), &compressed(&changes)?)?;
    stage.write("usr/share/lintian/overrides/lamplighter", OVERRIDES.as_bytes())
}

/// Debian's own form of a changelog; what changed is told in NEWS.md.
fn changelog(stage: &Stage, made_at: &str) -> Result<()> {
    let asked = Command::new("date")
        .args(["--utc", "--rfc-email", &format!("--date=@{made_at}")])
        .env("LC_ALL", "C")
        .output()
        .context("could not start date")?;
    let date = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "lamplighter ({version}) stable; urgency=medium\n\n  * See NEWS.md.\n\n \
         -- {MAINTAINER}  {date}\n"
    );
    stage.write(&format!("{DOC}/changelog.gz"), &compressed(text.as_bytes())?)
}

const MAINTAINER: &str = "The Lamplighter authors <lamplighter@localhost>";

fn control(architecture: &str, size_kib: u64) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "Package: lamplighter\nVersion: {version}\nArchitecture: {architecture}\n\
         Maintainer: {MAINTAINER}\nInstalled-Size: {size_kib}\nSection: admin\n\
         Priority: optional\n\
         Description: keeps the promises that an engineering team makes to its users\n \
         For every feature it holds an objective that product and engineering signed,\n \
         measures it from the counters a team already has, wakes the right person\n \
         only when the promise is at risk, and asks for a review afterwards.\n .\n \
         One static binary and one data folder; Prometheus is read if there is one.\n"
    )
}

/// The tree of files that a package is made of.
struct Stage(PathBuf);

impl Stage {
    fn place(&self, to: &str) -> Result<PathBuf> {
        let to = self.0.join(to);
        fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
        Ok(to)
    }

    fn write(&self, to: &str, bytes: &[u8]) -> Result<()> {
        Ok(fs::write(self.place(to)?, bytes)?)
    }

    fn copy(&self, from: &Path, to: &str) -> Result<()> {
        fs::copy(from, self.place(to)?).with_context(|| format!("{}", from.display()))?;
        Ok(())
    }
}

/// The same bytes for the same text: no name and no time in them.
fn compressed(text: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = Command::new("gzip")
        .args(["-9", "--no-name", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start gzip")?;
    let mut stdin = gzip.stdin.take().context("it was asked for")?;
    let text = text.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&text));
    let output = gzip.wait_with_output()?;
    writer.join().expect("writing does not panic")?;
    ensure!(output.status.success(), "gzip failed");
    Ok(output.stdout)
}

/// Folders and programs may be entered and run by all, nothing is writable by others, whatever the
/// umask of whoever builds.
fn settle(path: &Path) -> Result<()> {
    if path.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        return entries(path)?.iter().try_for_each(|it| settle(it));
    }
    let script =
        path.parent().is_some_and(|it| it.ends_with("DEBIAN")) && !path.ends_with("control");
    let program = script || path.parent().is_some_and(|it| it.ends_with("usr/bin"));
    let mode = if program { 0o755 } else { 0o644 };
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

fn size_kib(path: &Path) -> Result<u64> {
    if !path.is_dir() {
        return Ok(fs::metadata(path)?.len().div_ceil(1024));
    }
    entries(path)?.iter().map(|it| size_kib(it)).sum()
}

/// What a folder holds, in order of name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let found = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    let mut paths =
        found.map(|it| it.map(|it| it.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    Ok(paths)
}
