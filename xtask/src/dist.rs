//! `cargo xtask dist`: a static binary, a tarball and a Debian package under `dist/`.
//!
//! Intuition: what is downloaded must run on a machine that has nothing. So the binary is looked at
//! before it is packed: whether it asks for a loader stands in its own headers, and whether it reads
//! an example and writes its man pages is found out by letting it.
//!
//! Invariants:
//! - a binary that needs a loader is not packed;
//! - the same commit makes the same files: no time of day, no user, no order of a folder gets in.

use crate::{bench, deb, shell};
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is linked into the binary.
enum Linkage {
    Musl,
    Glibc,
}

pub(crate) fn run() -> Result<()> {
    let root = shell::root();
    let linkage = linkage()?;
    let binary = build(&linkage)?;
    ensure_static(&binary)?;
    let dist = root.join("dist");
    let _ = fs::remove_dir_all(&dist);
    let name = format!("lamplighter-{}-{}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let tree = dist.join(&name);
    fill(&root, &binary, &tree)?;
    try_out(&tree)?;
    let made_at = made_at()?;
    let tarball = tarball(&dist, &name, &made_at)?;
    let package = deb::build(&root, &tree, &dist, &made_at)?;
    let sums = Command::new("sha256sum")
        .current_dir(&dist)
        .args([&tarball, &package])
        .output()
        .context("could not start sha256sum")?;
    ensure!(sums.status.success(), "sha256sum failed");
    fs::write(dist.join("SHA256SUMS"), sums.stdout)?;
    tell(&linkage, &dist, &[format!("{name}/bin/lamplighter"), tarball, package])
}

/// musl where this toolchain has it, otherwise glibc without its loader.
fn linkage() -> Result<Linkage> {
    let target = triple(&Linkage::Musl);
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", &target])
        .output()
        .context("could not start rustc")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    // Code in C is among the dependencies, so a compiler for musl is needed as well.
    let complete = asked.status.success() && folder.is_dir() && shell::exists("musl-gcc");
    Ok(if complete { Linkage::Musl } else { Linkage::Glibc })
}

fn triple(linkage: &Linkage) -> String {
    let library = match linkage {
        Linkage::Musl => "musl",
        Linkage::Glibc => "gnu",
    };
    format!("{}-unknown-linux-{library}", std::env::consts::ARCH)
}

fn build(linkage: &Linkage) -> Result<PathBuf> {
    let target = triple(linkage);
    let mut build = shell::cargo(&["build", "--profile", "dist", "--locked", "--target", &target]);
    build.args(["--package", "lamplighter"]).env("RUSTFLAGS", "-C target-feature=+crt-static");
    shell::run(bench::outside(build))?;
    let folder = std::env::var_os("CARGO_TARGET_DIR");
    let folder = folder.map_or_else(|| shell::root().join("target"), PathBuf::from);
    Ok(folder.join(target).join("dist/lamplighter"))
}

/// Fails when the file names a loader: a static ELF file has no segment of that type.
fn ensure_static(binary: &Path) -> Result<()> {
    const TYPE_INTERPRETER: u32 = 3;
    let bytes = fs::read(binary).with_context(|| format!("{}", binary.display()))?;
    let part = |at: usize, length: usize| {
        let bytes = bytes.get(at..at + length).context("the binary is cut off")?;
        // Little end first, on every machine this is built for.
        Ok::<_, anyhow::Error>(
            bytes.iter().rev().fold(0_u64, |sum, it| (sum << 8) | u64::from(*it)),
        )
    };
    ensure!(bytes.starts_with(b"\x7fELF\x02\x01"), "not a 64-bit little-endian ELF file");
    let (table, size, count) = (part(0x20, 8)?, part(0x36, 2)?, part(0x38, 2)?);
    for number in 0..count {
        let at = usize::try_from(table + number * size)?;
        if part(at, 4)? == u64::from(TYPE_INTERPRETER) {
            bail!("{} needs a loader: it is not static", binary.display());
        }
    }
    Ok(())
}

/// Everything that belongs beside the binary.
fn fill(root: &Path, binary: &Path, tree: &Path) -> Result<()> {
    // The empty folder becomes the container's data folder, with the owner that it must have there.
    for folder in ["bin", "man", "completions", "systemd", "container/data"] {
        fs::create_dir_all(tree.join(folder))?;
    }
    fs::copy(binary, tree.join("bin/lamplighter"))?;
    let mut man = Command::new(binary);
    man.arg("man").arg("--out").arg(tree.join("man"));
    shell::run(man)?;
    for shell_name in ["bash", "zsh", "fish"] {
        let made = Command::new(binary).args(["completions", shell_name]).output()?;
        ensure!(made.status.success(), "completions for {shell_name} could not be made");
        fs::write(tree.join("completions").join(format!("lamplighter.{shell_name}")), made.stdout)?;
    }
    fs::copy(root.join("packaging/lamplighter.service"), tree.join("systemd/lamplighter.service"))?;
    fs::copy(root.join("packaging/Containerfile"), tree.join("container/Containerfile"))?;
    for file in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root.join(file), tree.join(file))?;
    }
    for (example, files) in EXAMPLES {
        fs::create_dir_all(tree.join("examples").join(example))?;
        for file in *files {
            let path = Path::new("examples").join(example).join(file);
            fs::copy(root.join(&path), tree.join(&path))?;
        }
    }
    Ok(())
}

/// What is packed of the examples, by name: a key that somebody saved there must not get out.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("minimal", &["lamplighter.yaml"]),
    ("solar", &["lamplighter.yaml", "prometheus.yml", "rules.yml"]),
];

/// The binary reads every example it is packed with.
fn try_out(tree: &Path) -> Result<()> {
    for (example, _) in EXAMPLES {
        let mut check = Command::new(tree.join("bin/lamplighter"));
        check.arg("check").arg(tree.join("examples").join(example));
        shell::run(check)?;
    }
    Ok(())
}

/// The time that files in packages bear, in seconds since 1970: that of the commit.
fn made_at() -> Result<String> {
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(given);
    }
    let asked = Command::new("git")
        .current_dir(shell::root())
        .args(["log", "-1", "--format=%ct"])
        .output()
        .context("could not start git")?;
    let said = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    // Outside a repository any time will do, as long as it is always the same.
    Ok(if said.is_empty() { "0".to_owned() } else { said })
}

fn tarball(dist: &Path, name: &str, made_at: &str) -> Result<String> {
    let tarball = format!("{name}.tar.gz");
    let mut tar = Command::new("tar");
    tar.current_dir(dist).args(["--create", "--gzip", "--sort=name", "--numeric-owner"]);
    tar.args(["--owner=0", "--group=0", "--mode=u+w,go-w,a+rX"]);
    tar.args([&format!("--mtime=@{made_at}"), "--file", &tarball, name]);
    shell::run(tar)?;
    Ok(tarball)
}

fn tell(linkage: &Linkage, dist: &Path, files: &[String]) -> Result<()> {
    println!("in {}:", dist.display());
    for file in files.iter().map(String::as_str).chain(["SHA256SUMS"]) {
        let size = fs::metadata(dist.join(file))?.len();
        println!("  {size:>12} bytes  {file}");
    }
    match linkage {
        Linkage::Musl => println!("the binary is static: musl, no loader"),
        Linkage::Glibc => println!(
            "the binary is static: glibc, no loader (this toolchain has no musl target).\n\
             Names are resolved by the files and DNS resolvers that are inside it. Where \
             /etc/nsswitch.conf\nnames other modules for `hosts`, glibc looks for them on the \
             machine and passes over those it\ncannot load."
        ),
    }
    Ok(())
}
