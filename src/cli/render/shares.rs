//! Who owns the bytes of an image: its layers, the images that brought them, what is wasted; as lines and as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::bytes;
use super::change_rows::{Each, serialize_image, serialize_layer};
use super::entries::{mark, place, serialize_path, shown};
use crate::domain::layer::{Figures, LayerShare, Ownership, Rule, Waste, ratio};
use crate::domain::text::escape;
use crate::flows::compare::{Opened, OpenedLayer, Owner};
use crate::report::{Kind, Report};

/// All of it.
#[derive(Debug)]
pub struct Shares<'o> {
    /// The image.
    pub opened: &'o Opened,
    /// Its bytes.
    pub owned: Ownership,
    /// Rules it is held against.
    pub rules: &'o [Rule],
    /// How many wasted paths are shown.
    pub top: usize,
}

/// The layers one image brought.
#[derive(Clone, Copy, Debug)]
struct OwnerShare<'o> {
    owner: &'o Owner,
    layers: u64,
    /// Bytes of the blobs.
    size: u64,
    share: LayerShare,
}

impl<'o> Shares<'o> {
    /// What rules are held against.
    pub fn figures(&self) -> Figures {
        let mut local = LayerShare::default();
        self.layers().filter(|(_, layer, _)| layer.owner.is_local).for_each(|(_, _, share)| local.add(share));
        Figures { total: self.owned.total(), local, efficiency: self.owned.efficiency }
    }

    /// The rules that hold, as one failure.
    pub fn verdict(&self) -> Result<(), Report> {
        let figures = self.figures();
        let holding: Vec<String> = self
            .rules
            .iter()
            .filter(|rule| rule.holds(&figures))
            .map(|rule| format!("{}: it is {}", rule.text(), rule.found(&figures)))
            .collect();
        if holding.is_empty() {
            return Ok(());
        }
        let mut report = Report::message(Kind::Rejected, format!("{} is over its budget", self.opened.reference));
        report.causes = holding.iter().map(|text| escape(text)).collect();
        Err(report)
    }

    fn layers(&self) -> impl Iterator<Item = (u32, &'o OpenedLayer, &LayerShare)> {
        (0..).zip(&self.opened.layers).zip(&self.owned.layers).map(|((number, layer), share)| (number, layer, share))
    }

    /// Bottom first.
    fn owners(&self) -> Vec<OwnerShare<'o>> {
        let mut owners: Vec<OwnerShare<'o>> = Vec::new();
        for (_, layer, share) in self.layers() {
            let known = owners.iter_mut().find(|known| *known.owner == layer.owner);
            match known {
                Some(known) => {
                    known.layers += 1;
                    known.size = known.size.saturating_add(layer.size);
                    known.share.add(share);
                }
                None => owners.push(OwnerShare { owner: &layer.owner, layers: 1, size: layer.size, share: *share }),
            }
        }
        owners
    }

    fn wasted(&self) -> &[Waste] {
        &self.owned.waste[..self.top.min(self.owned.waste.len())]
    }

    /// The lines for people.
    pub fn lines(&self, color: bool) -> Vec<String> {
        let bold = |text: &str| if color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
        let heading = format!("{:>9}  {:>9}  {:>9}  ", "files", "bytes", "wasted");
        let mut lines = vec![bold(&format!("{heading}layer"))];
        for (number, layer, share) in self.layers() {
            let made = layer.created_by.as_deref().map(super::inspection::shortened).unwrap_or_default();
            let place = place(Some(number), layer.owner.is_local, color);
            let line = format!("{}{place}  {}  {}", figures(share), escape(&layer.owner.image), escape(&made));
            lines.push(line.trim_end().to_owned());
        }
        lines.extend([String::new(), bold(&format!("{heading}owner"))]);
        for owner in self.owners() {
            lines.push(owner.line(color));
        }
        lines.push(format!("{}all", figures(&self.owned.total())));
        if !self.wasted().is_empty() {
            lines.extend([String::new(), bold(&format!("{:>9}  {:>9}  {:>9}  path", "wasted", "copies", ""))]);
            lines.extend(self.wasted().iter().map(|waste| self.wasted_line(waste)));
            let more = self.owned.waste.len() - self.wasted().len();
            lines.extend((more > 0).then(|| format!("… and {more} more")));
        }
        let total = self.owned.total();
        let part = if total.bytes == 0 { 0.0 } else { ratio(total.wasted, total.bytes) };
        lines.push(String::new());
        lines.push(format!(
            "efficiency {:.2}%, {} of {} wasted ({:.2}%)",
            self.owned.efficiency * 100.0,
            bytes(total.wasted),
            bytes(total.bytes),
            part * 100.0
        ));
        lines
    }

    fn wasted_line(&self, waste: &Waste) -> String {
        let end = if waste.gone { "gone" } else { "" };
        let path = shown(&self.opened.tree.path(waste.path));
        format!("{:>9}  {:>9}  {end:>9}  {path}", bytes(waste.bytes), waste.copies)
    }
}

impl OwnerShare<'_> {
    fn line(&self, color: bool) -> String {
        let mark = mark(self.owner.is_local, color);
        let unproven = if self.owner.proven { "" } else { " (unproven)" };
        let layers = super::count(self.layers, "layer");
        let image = escape(&self.owner.image);
        format!("{}{mark} {image}{unproven}  {layers}, {} packed", figures(&self.share), bytes(self.size))
    }
}

fn figures(share: &LayerShare) -> String {
    format!("{:>9}  {:>9}  {:>9}  ", share.files, bytes(share.bytes), bytes(share.wasted))
}

fn serialize_share<M: SerializeMap>(map: &mut M, share: &LayerShare) -> Result<(), M::Error> {
    map.serialize_entry("files", &share.files)?;
    map.serialize_entry("bytes", &share.bytes)?;
    map.serialize_entry("wasted", &share.wasted)
}

impl Serialize for Shares<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_image(&mut map, self.opened)?;
        map.serialize_entry("layers", &Each(|| self.layers().map(|(n, layer, share)| Row::Layer(n, layer, share))))?;
        map.serialize_entry("owners", &Each(|| self.owners().into_iter().map(Row::Owner)))?;
        map.serialize_entry("waste", &Each(|| self.wasted().iter().map(|waste| Row::Waste(self.opened, waste))))?;
        map.serialize_entry("total", &Row::Total(&self.owned.total()))?;
        map.serialize_entry("efficiency", &self.owned.efficiency)?;
        let figures = self.figures();
        map.serialize_entry("rules", &Each(|| self.rules.iter().map(|rule| Row::Rule(rule, &figures))))?;
        map.end()
    }
}

enum Row<'r> {
    Layer(u32, &'r OpenedLayer, &'r LayerShare),
    Owner(OwnerShare<'r>),
    Waste(&'r Opened, &'r Waste),
    Total(&'r LayerShare),
    Rule(&'r Rule, &'r Figures),
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Layer(number, layer, share) => {
                serialize_layer(&mut map, *number, layer)?;
                serialize_share(&mut map, share)?;
            }
            Self::Owner(owner) => {
                map.serialize_entry("owner", owner.owner)?;
                map.serialize_entry("layers", &owner.layers)?;
                map.serialize_entry("size", &owner.size)?;
                serialize_share(&mut map, &owner.share)?;
            }
            Self::Waste(opened, waste) => {
                serialize_path(&mut map, ["path", "path_base64"], &opened.tree.path(waste.path))?;
                map.serialize_entry("bytes", &waste.bytes)?;
                map.serialize_entry("copies", &waste.copies)?;
                map.serialize_entry("gone", &waste.gone)?;
            }
            Self::Total(share) => serialize_share(&mut map, share)?,
            Self::Rule(rule, figures) => {
                map.serialize_entry("rule", rule.text())?;
                map.serialize_entry("holds", &rule.holds(figures))?;
                map.serialize_entry("found", &rule.found(figures))?;
            }
        }
        map.end()
    }
}
