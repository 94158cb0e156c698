//! The first row of a file names its columns. What they are is the service's business (and the subscriber's,
//! who may choose them); only that they can be told apart is ours.

use super::blocks::Block;
use super::cell;
use super::index::Index;
use super::plan::RESERVED;

/// The longest header. Its names stand in every line, so a long one over short rows would make a little file a
/// great many lines.
const LIMIT: usize = 1 << 20;

/// What is wrong with the header, and at which byte of the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadHeader {
    pub(super) at: usize,
    pub(super) what: String,
}

/// Takes the header off the front of a file's first block. None where the block holds blank lines only.
pub(super) fn take(block: &mut Block) -> Result<Option<Vec<String>>, BadHeader> {
    let mut index = Index::default();
    let stray = index.read(&block.bytes, block.start, block.end, LIMIT).err();
    for cells in index.iter() {
        let start = block.start + blank(&block.bytes[block.start..]);
        let Some(end) = cells.last().map(|end| end.at()) else { continue };
        if end - start > LIMIT {
            let what = "the header is longer than 1 MiB".to_owned();
            return Err(BadHeader { at: start, what });
        }
        block.start = end + 1;
        let mut from = start;
        let mut names = Vec::with_capacity(cells.len());
        for cell in cells {
            let text = cell::text(&block.bytes[from..cell.at()]);
            let name = String::from_utf8(text).map_err(|error| BadHeader {
                at: from + error.utf8_error().valid_up_to(),
                what: "a byte of the header is not UTF-8".to_owned(),
            })?;
            names.push(name.trim_matches(['\u{feff}', '\t', ' ']).to_owned());
            from = cell.at() + 1;
        }
        if names.iter().all(String::is_empty) && names.len() == 1 {
            continue;
        }
        return match complaint(&names) {
            Some(what) => Err(BadHeader { at: start, what }),
            None => Ok(Some(names)),
        };
    }
    match stray {
        Some(stray) => Err(BadHeader {
            at: stray.0,
            what: "text stands behind the closing quote of a column's name".to_owned(),
        }),
        None => Ok(None),
    }
}

fn blank(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count()
}

fn complaint(names: &[String]) -> Option<String> {
    if let [name] = names {
        let name: String = name.chars().take(60).collect();
        return Some(format!(
            "the header has one column, {name:?}, so this is no bill (or commas do not separate its columns)"
        ));
    }
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    if let Some(name) = sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]) {
        return Some(format!("the column {name:?} stands twice in the header"));
    }
    let reserved = names.iter().find(|name| RESERVED.contains(&name.as_str()))?;
    Some(format!("the column {reserved:?} has the name of a member that every event has"))
}
