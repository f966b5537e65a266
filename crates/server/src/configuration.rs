//! Configuration files to a catalogue that can be put into force: checked, and every secret found.

use crate::Problem;
use crate::measure::token_of;
use catalog::{Loaded, Severity};
use channels::Sender;
use driver::{Clock as _, SystemClock};
use model::Catalogue;
use std::path::{Path, PathBuf};

/// Where configuration is looked for when nothing is named.
pub const DEFAULT_PATH: &str = "lamplighter.yaml";

/// The catalogue in `paths`, or every problem with them in words.
pub fn load(paths: &[PathBuf]) -> Result<Catalogue, Problem> {
    load_after(paths, None)
}

/// The same, where `before` is in force: what is only wrong beside it is said too.
pub(crate) fn load_after(
    paths: &[PathBuf],
    before: Option<&Catalogue>,
) -> Result<Catalogue, Problem> {
    let mut loaded = catalog::load(paths).with_absences(SystemClock.now());
    if let (Some(before), Some(next)) = (before, &loaded.catalogue) {
        let old = engine::stale_reasons(before, next);
        loaded = loaded.with_old_reasons(&old);
    }
    let shown = catalog::render(&loaded, false);
    if loaded.count(Severity::Warning) > 0 && loaded.catalogue.is_some() {
        tracing::warn!("the configuration is accepted, with warnings:\n{shown}");
    }
    let Loaded { catalogue: Some(catalogue), .. } = loaded else {
        let hint = "nothing has changed; mend the file, and try it with `lamplighter check`";
        return Err(Problem::negative("the configuration has errors").detail(shown).hint(hint));
    };
    secrets(&catalogue)?;
    Ok(catalogue)
}

/// Where to look: what was named, or the default.
pub fn paths(named: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    if Path::new(DEFAULT_PATH).exists() {
        return Ok(vec![DEFAULT_PATH.into()]);
    }
    let hint = "name it with --config, or write a first one with `lamplighter init`";
    Err(Problem::negative("there is no configuration")
        .detail(format!("{DEFAULT_PATH} is not in this folder, and --config was not given."))
        .hint(hint))
}

/// Refuses a catalogue with a secret that cannot be found now: a channel that fails at night is worse
/// than a start that fails by day.
fn secrets(catalogue: &Catalogue) -> Result<(), Problem> {
    let mut missing = vec![];
    for (id, channel) in &catalogue.channels {
        if let Err(error) = Sender::new(channel, &channels::secrets::resolve) {
            missing.push(format!("channel {id}: {error}"));
        }
    }
    for (id, way) in &catalogue.back.replies {
        for reference in way.secret.iter().chain(&way.former_secret) {
            if let Err(error) = channels::secrets::resolve(reference) {
                missing.push(format!("replies {id}: {error}"));
            }
        }
    }
    if let Some(inbox) = &catalogue.back.inbox
        && let Err(error) = channels::secrets::resolve(&inbox.password)
    {
        missing.push(format!("inbox: {error}"));
    }
    for (id, source) in &catalogue.sources {
        if let Some(Err(error)) = token_of(source).map(channels::secrets::resolve) {
            missing.push(format!("source {id}: {error}"));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let hint = "set what is missing for this process, and start or reload again";
    Err(Problem::negative("not everything that is configured can be used")
        .detail(missing.join("\n"))
        .hint(hint))
}
