//! `cargo xtask dist`: a static binary, a tarball and a Debian package under `dist/`.

use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn run() -> Result<()> {
    let root = shell::root();
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut build = shell::cargo(&["build", "--profile", "dist", "--locked", "--target", &target]);
    build.args(["--package", "lamplighter"]).env("RUSTFLAGS", "-C target-feature=+crt-static");
    shell::run(build)?;
    let binary = target_folder().join(&target).join("dist/lamplighter");
    let dist = root.join("dist");
    let _ = fs::remove_dir_all(&dist);
    let name = format!("lamplighter-{}-{}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let tree = dist.join(&name);
    fill(&root, &binary, &tree)?;
    let mut tar = Command::new("tar");
    tar.current_dir(&dist).args(["--create", "--gzip", "--owner=0", "--group=0", "--sort=name"]);
    tar.args(["--file", &format!("{name}.tar.gz"), &name]);
    shell::run(tar)?;
    let package = debian(&root, &tree, &dist)?;
    let sums = Command::new("sha256sum")
        .current_dir(&dist)
        .args([&format!("{name}.tar.gz"), &package])
        .output()
        .context("could not start sha256sum")?;
    ensure!(sums.status.success(), "sha256sum failed");
    fs::write(dist.join("SHA256SUMS"), sums.stdout)?;
    println!("in {}:", dist.display());
    println!("  {name}.tar.gz\n  {package}\n  SHA256SUMS");
    Ok(())
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| shell::root().join("target"), PathBuf::from)
}

/// Everything that belongs beside the binary.
fn fill(root: &Path, binary: &Path, tree: &Path) -> Result<()> {
    for folder in ["bin", "man", "completions", "systemd"] {
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
    for file in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root.join(file), tree.join(file))?;
    }
    fs::copy(root.join("packaging/Containerfile"), tree.join("Containerfile"))?;
    Ok(())
}

/// A package that brings the binary, the unit, the man pages and the completions. The unit uses a
/// dynamic user, so nothing has to run at installation.
fn debian(root: &Path, tree: &Path, dist: &Path) -> Result<String> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let stage = dist.join("stage");
    let place = |from: PathBuf, to: &str| -> Result<()> {
        let to = stage.join(to);
        fs::create_dir_all(to.parent().expect("a file in a folder"))?;
        fs::copy(&from, &to).with_context(|| format!("{}", from.display()))?;
        Ok(())
    };
    place(tree.join("bin/lamplighter"), "usr/bin/lamplighter")?;
    place(tree.join("systemd/lamplighter.service"), "usr/lib/systemd/system/lamplighter.service")?;
    for page in fs::read_dir(tree.join("man"))? {
        let page = page?;
        place(page.path(), &format!("usr/share/man/man1/{}", page.file_name().to_string_lossy()))?;
    }
    let completions = tree.join("completions");
    place(
        completions.join("lamplighter.bash"),
        "usr/share/bash-completion/completions/lamplighter",
    )?;
    place(completions.join("lamplighter.zsh"), "usr/share/zsh/vendor-completions/_lamplighter")?;
    place(
        completions.join("lamplighter.fish"),
        "usr/share/fish/vendor_completions.d/lamplighter.fish",
    )?;
    place(root.join("LICENSE-MIT"), "usr/share/doc/lamplighter/copyright")?;
    fs::create_dir_all(stage.join("DEBIAN"))?;
    let version = env!("CARGO_PKG_VERSION");
    fs::write(
        stage.join("DEBIAN/control"),
        format!(
            "Package: lamplighter\nVersion: {version}\nArchitecture: {architecture}\n\
             Maintainer: The Lamplighter authors <lamplighter@localhost>\nSection: admin\n\
             Priority: optional\n\
             Description: keeps the promises an engineering team makes to its users\n \
             Objectives for features, honest budgets, pages that provably arrive, reviews.\n"
        ),
    )?;
    let package = format!("lamplighter_{version}_{architecture}.deb");
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--build"]).arg(&stage).arg(dist.join(&package));
    shell::run(build)?;
    fs::remove_dir_all(&stage)?;
    Ok(package)
}
