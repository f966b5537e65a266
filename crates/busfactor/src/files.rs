//! Which files count.
//!
//! Avelino et al. count the files that GitHub's linguist calls source code. Linguist knows six hundred
//! languages; here the rule is the other way round and short enough to be read: everything counts but
//! documentation and prose, data and media, what others wrote, and what programs wrote.

/// Which files of the tree count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// What [`is_code`] says.
    Code,
    /// Every file.
    All,
}

/// Folders with documentation, other people's code, or built things, at any depth.
const FOLDERS: &[&str] = &[
    "doc",
    "docs",
    "documentation",
    "man",
    "vendor",
    "vendors",
    "node_modules",
    "third_party",
    "third-party",
    "thirdparty",
    "bower_components",
    "dist",
    "generated",
    "snapshots",
    "__snapshots__",
    "testdata",
    "fixtures",
];

/// Endings of documentation, data, media and generated files.
const ENDINGS: &[&str] = &[
    ".md",
    ".markdown",
    ".mdown",
    ".mkd",
    ".rst",
    ".adoc",
    ".asciidoc",
    ".txt",
    ".textile",
    ".org",
    ".pod",
    ".tex",
    ".bib",
    ".json",
    ".jsonl",
    ".yaml",
    ".yml",
    ".toml",
    ".xml",
    ".csv",
    ".tsv",
    ".ini",
    ".cfg",
    ".conf",
    ".properties",
    ".lock",
    ".sum",
    ".po",
    ".pot",
    ".svg",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".ico",
    ".webp",
    ".bmp",
    ".pdf",
    ".ttf",
    ".otf",
    ".woff",
    ".woff2",
    ".eot",
    ".mp3",
    ".mp4",
    ".wav",
    ".ogg",
    ".zip",
    ".gz",
    ".tgz",
    ".xz",
    ".bz2",
    ".jar",
    ".bin",
    ".exe",
    ".dll",
    ".so",
    ".snap",
    ".map",
    ".min.js",
    ".min.css",
    ".pb.go",
    "_pb2.py",
    ".dist",
    ".neon",
    ".log",
    ".diff",
    ".patch",
];

/// Files about the project, by the beginning of their names without ending.
const NAMES: &[&str] = &[
    "license",
    "licence",
    "copying",
    "readme",
    "changelog",
    "changes",
    "authors",
    "contributors",
    "contributing",
    "notice",
    "maintainers",
    "codeowners",
    "news",
    "todo",
    "install",
];

/// Whether a file is code by the rule of this crate. Hidden files and those in hidden folders are not.
#[must_use]
pub fn is_code(path: &str) -> bool {
    let path = path.to_lowercase();
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    let about = name.split(['.', '-', '_']).next().unwrap_or_default();
    let hidden = name.starts_with('.') || parts.iter().any(|it| it.starts_with('.'));
    !(hidden
        || parts.iter().any(|it| FOLDERS.contains(it))
        || (ENDINGS.iter().any(|it| name.ends_with(it)) && name != "cmakelists.txt")
        || (NAMES.contains(&about) && !name.contains('.')))
}

impl Keep {
    /// Whether `path` counts.
    #[must_use]
    pub fn keeps(self, path: &str) -> bool {
        self == Self::All || is_code(path)
    }
}
