//! The generated pages of the book: error codes, configuration, command line, schema.

use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const FOLDER: &str = "docs/book/src/generated";

/// Writes the pages, or with `check` fails when what is there is not what would be written.
pub(crate) fn run(check: bool) -> Result<()> {
    let target = shell::root().join(FOLDER);
    let output = if check {
        std::env::temp_dir().join(format!("xtask-codegen-{}", std::process::id()))
    } else {
        target.clone()
    };
    fs::create_dir_all(&output)?;
    let mut docs =
        shell::cargo(&["run", "--quiet", "--locked", "--package", "lamplighter", "--", "docs"]);
    docs.arg("--out").arg(&output);
    shell::run(docs)?;
    if check {
        let fresh = pages(&output)?;
        fs::remove_dir_all(&output)?;
        let present = pages(&target).unwrap_or_default();
        for name in fresh.keys().chain(present.keys()) {
            ensure!(
                fresh.get(name) == present.get(name),
                "{FOLDER}/{name} is not current; run: cargo xtask codegen"
            );
        }
    }
    Ok(())
}

fn pages(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        pages.insert(name, fs::read_to_string(entry.path())?);
    }
    Ok(pages)
}
