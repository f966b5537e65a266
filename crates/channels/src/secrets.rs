//! Where secrets are fetched from. Configuration never holds one.

use model::SecretRef;

/// The secret itself. On `Err`: which one is missing and where it was looked for.
pub fn resolve(reference: &SecretRef) -> Result<String, String> {
    match reference {
        SecretRef::Plain(value) => Ok(value.clone()),
        SecretRef::Env(name) => {
            std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))
        }
        SecretRef::File(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|it| format!("the secret file {path} cannot be read: {it}"))?;
            match text.lines().next().map(str::trim) {
                Some(line) if !line.is_empty() => Ok(line.to_owned()),
                _ => Err(format!("the first line of the secret file {path} is empty")),
            }
        }
    }
}
