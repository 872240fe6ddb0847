//! `bakery --linear`: the terminal UI's story as lines, one after the other, for screen readers, logs and terminals that
//! cannot move their cursor. Nothing that was printed is ever changed; what is typed are words, answered by lines.

mod tales;
mod typed;
mod words;

use std::io::{self, IsTerminal};

use clap::Parser;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};

use self::tales::{Heard, Tales};
use self::typed::Typed;
use self::words::{Said, WORDS, read};
use super::arguments::Cli;
use super::run::{Session, dispatch};
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::domain::text::{escape, is_hazardous};
use crate::domain::units::count;
use crate::flows::Context;
use crate::flows::bake::{BakeOptions, read_requests, start};
use crate::flows::follow::ShelfNews;
use crate::flows::standing::{RecipeCard, Standing};
use crate::flows::watch::Shelf;
use crate::report::{Kind, Report};

/// What stands under a number of the last list.
#[derive(Clone, Debug, Default)]
struct Choice {
    recipe: Option<String>,
    image: Option<String>,
    bake: Option<String>,
    store: Option<String>,
}

/// One session.
struct Linear {
    session: Session,
    context: Context,
    shelf: Shelf,
    tales: Tales,
    choices: Vec<Choice>,
    /// What waits for a yes.
    asked: Option<Said>,
}

/// Commands that take the terminal, or never come to an end.
const NOT_HERE: [&str; 6] = ["demo", "shell", "replay", "keys", "__worker", "screenshot"];
/// Commands that need a yes.
const ASKED: [&str; 5] = ["publish", "gc", "fsck", "rebase", "rollout"];
/// Commands that change nothing.
const READING: [&str; 16] = [
    "store", "inspect", "files", "cat", "diff", "du", "check", "plan", "bakes", "log", "verify", "evidence", "policy",
    "doctor", "lineage", "impact",
];

pub(super) async fn run(session: &Session) -> Result<(), Report> {
    let session = session.linear();
    let context = session.context()?;
    let shelf = Shelf::from_environment();
    let mut linear = Linear { session, context, shelf, tales: Tales::new(), choices: Vec::new(), asked: None };
    let mut news = linear.news()?;
    linear.greet().await?;
    let mut typed = Typed::new().map_err(|error| Report::new(Kind::Failed, &error))?;
    let mut is_over = false;
    loop {
        // A pipe has said all it will: what it began is told to its end.
        if is_over && (io::stdin().is_terminal() || linear.tales.len() == 0) {
            return linear.say("left; bakes go on");
        }
        tokio::select! {
            biased;
            line = typed.next(), if !is_over => match line {
                None => is_over = true,
                Some(line) => match read(&line) {
                    Said::Quit => return linear.say("left; bakes go on"),
                    said => linear.answer(&line, said).await?,
                },
            },
            (bake, heard) = linear.tales.next() => linear.heard(&bake, heard)?,
            Some(rows) = news.next(), if !is_over => linear.begun(&rows)?,
        }
    }
}

impl Linear {
    fn say(&self, line: impl AsRef<str>) -> Result<(), Report> {
        self.session.output.line(line)
    }

    /// Bakes as they begin, here or elsewhere; ends where the shelf cannot be followed.
    fn news(&self) -> Result<BoxStream<'static, Vec<ShelfRow>>, Report> {
        let following = self.shelf.follow()?;
        let news = unfold(following, |mut following| async {
            let rows = match following.next().await.ok()? {
                ShelfNews::All(rows) | ShelfNews::Changed { rows, .. } => rows,
            };
            Some((rows, following))
        });
        Ok(news.boxed())
    }

    async fn greet(&mut self) -> Result<(), Report> {
        self.say(format!(
            "bakery {}: told line by line; `help` lists the words, `quit` leaves",
            env!("CARGO_PKG_VERSION")
        ))?;
        self.place().await?;
        let rows = self.shelf.list().unwrap_or_default();
        self.begun(&rows)
    }

    async fn place(&self) -> Result<(), Report> {
        let root = escape(&self.context.workspace.root.display().to_string());
        self.say(format!("workspace {root}"))?;
        let stores = self.context.store_places().len() as u64;
        let recipes = self.context.standings(&self.shelf).await.unwrap_or_default().len() as u64;
        let rows = self.shelf.list().unwrap_or_default();
        let running = rows.iter().filter(|row| row.status == ShelfStatus::Running).count();
        let (stores, recipes) = (count(stores, "store"), count(recipes, "recipe"));
        self.say(format!("{stores}, {recipes}, {}, {running} running", count(rows.len() as u64, "bake")))
    }

    /// Whatever runs is told.
    fn begun(&mut self, rows: &[ShelfRow]) -> Result<(), Report> {
        for row in rows.iter().filter(|row| row.status == ShelfStatus::Running) {
            if let Err(report) = self.tales.begin(&self.shelf, &row.bake) {
                self.fail(&report);
            }
        }
        Ok(())
    }

    fn heard(&mut self, bake: &str, heard: Heard) -> Result<(), Report> {
        let is_over = !matches!(heard, Heard::Record(..));
        let told = self.tales.tell(bake, heard);
        told.lines.iter().try_for_each(|line| self.say(line))?;
        if let Some(report) = &told.failure {
            self.fail(report);
        }
        if is_over {
            self.tales.forget(bake);
        }
        Ok(())
    }

    fn fail(&self, report: &Report) {
        if !report.message.is_empty() {
            self.session.output.failure(report);
        }
    }

    /// Answers a line; what goes wrong is told, and is no end.
    async fn answer(&mut self, line: &str, said: Said) -> Result<(), Report> {
        if line.chars().any(is_hazardous) {
            return self.say("this line holds what is no text; type words");
        }
        let asked = self.asked.take();
        let said = match (said, asked) {
            (Said::Yes, Some(asked)) => return self.obey(asked).await,
            (Said::Yes, None) => return self.say("nothing was asked"),
            (said, _) => said,
        };
        if let Some(question) = self.question(&said) {
            self.asked = Some(said);
            return self.say(question);
        }
        self.obey(said).await
    }

    /// What needs a yes before it is done.
    fn question(&self, said: &Said) -> Option<String> {
        match said {
            Said::Cancel(bake) => Some(format!("this stops the bake {}: type yes to do it", escape(bake))),
            Said::Command(words) if ASKED.contains(&words[0].as_str()) => {
                Some(format!("`{}` changes what others may rely on: type yes to do it", escape(&words.join(" "))))
            }
            _ => None,
        }
    }

    async fn obey(&mut self, said: Said) -> Result<(), Report> {
        match self.done(said).await {
            Err(report) if report.message == super::output::CLOSED_PIPE => Err(report),
            Err(report) => {
                self.fail(&report);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn done(&mut self, said: Said) -> Result<(), Report> {
        let writes = matches!(said, Said::Bake(_) | Said::Cancel(_))
            || matches!(&said, Said::Command(words) if !READING.contains(&words[0].as_str()));
        if writes && self.context.settings.readonly {
            return Err(
                Report::message(Kind::Usage, "nothing is changed here").help("`readonly` is set in config.yaml")
            );
        }
        match said {
            Said::Nothing | Said::Yes | Said::Quit => Ok(()),
            Said::Help => WORDS.iter().try_for_each(|(word, meaning)| self.say(format!("{word:<16}{meaning}"))),
            Said::Where => self.place().await,
            Said::Stores => self.stores(),
            Said::Images(store) => self.images(store).await,
            Said::Recipes => self.recipes().await,
            Said::Bakes => self.bakes(),
            Said::Bake(recipe) => self.bake(&recipe).await,
            Said::Watch(bake) => {
                let bake = self.chosen(&bake, |choice| choice.bake.as_ref());
                let bake = self.shelf.find(&bake)?;
                if self.tales.tells(&bake) {
                    self.say("this bake is being told")
                } else {
                    self.tales.begin(&self.shelf, &bake)
                }
            }
            Said::Cancel(bake) => {
                let bake = self.chosen(&bake, |choice| choice.bake.as_ref());
                let bake = self.shelf.cancel(&bake)?;
                self.say(format!("asked {bake} to stop"))
            }
            Said::Output(on) => {
                self.tales.output = on;
                self.say(if on { "what steps print is told" } else { "what steps print is not told" })
            }
            Said::Number(number) => self.number(number).await,
            Said::Lacks(what) => self.say(what),
            Said::Command(words) => self.command(words).await,
        }
    }

    /// What a number of the last list stands for; any other word is itself.
    fn chosen(&self, word: &str, of: impl Fn(&Choice) -> Option<&String>) -> String {
        let at = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        at.and_then(|at| self.choices.get(at)).and_then(of).cloned().unwrap_or_else(|| word.to_owned())
    }

    async fn number(&mut self, number: usize) -> Result<(), Report> {
        let choice = number.checked_sub(1).and_then(|at| self.choices.get(at)).cloned().unwrap_or_default();
        let words: [&[&str]; 4] = [&["log"], &["plan"], &["inspect"], &["store", "ls"]];
        let named = [choice.bake, choice.recipe, choice.image, choice.store];
        match named.into_iter().zip(words).find_map(|(name, words)| Some((name?, words))) {
            Some((name, words)) => {
                let words = words.iter().map(|word| (*word).to_owned()).chain([name]).collect();
                self.command(words).await
            }
            None => self.say("no such number in the last list"),
        }
    }

    /// Any command of `bakery`, its numbers taken from the last list.
    async fn command(&self, words: Vec<String>) -> Result<(), Report> {
        if NOT_HERE.contains(&words[0].as_str()) {
            return Err(Report::message(Kind::Usage, format!("`{}` works in a shell only", words[0])));
        }
        let of = |choice: &Choice| -> Option<String> {
            match words[0].as_str() {
                "log" | "bakes" => choice.bake.clone(),
                "plan" | "check" | "bake" => choice.recipe.clone(),
                "store" => choice.store.clone(),
                _ => choice.image.clone(),
            }
        };
        let mut arguments = vec!["bakery".to_owned()];
        for (at, word) in words.iter().enumerate() {
            let is_value = at > 0 && words[at - 1].starts_with('-');
            let number = word.parse::<usize>().ok().filter(|_| at > 0 && !is_value).and_then(|n| n.checked_sub(1));
            let named = number.and_then(|at| self.choices.get(at)).and_then(&of);
            arguments.push(named.unwrap_or_else(|| word.clone()));
        }
        match Cli::try_parse_from(arguments) {
            Ok(Cli { command: Some(command), .. }) => Box::pin(dispatch(command, &self.session)).await,
            Ok(_) => self.say("`help` lists the words"),
            Err(error) => {
                let text = error.render().to_string();
                text.lines().filter(|line| !line.trim().is_empty()).try_for_each(|line| self.say(escape(line)))
            }
        }
    }

    async fn bake(&mut self, recipe: &str) -> Result<(), Report> {
        let recipe = self.chosen(recipe, |choice| choice.recipe.as_ref());
        let asked = read_requests(&self.context, &[recipe.into()], &BakeOptions::default())?;
        for request in &asked.requests {
            let started = start(&self.context, request, false).await?;
            self.tales.begin(&self.shelf, &started.bake)?;
        }
        Ok(())
    }
}

/// The lists, numbered.
impl Linear {
    fn list(&mut self, what: &str, rows: Vec<(String, Choice)>) -> Result<(), Report> {
        self.say(count(rows.len() as u64, what))?;
        let (lines, choices): (Vec<String>, Vec<Choice>) = rows.into_iter().unzip();
        self.choices = choices;
        lines.iter().enumerate().try_for_each(|(at, line)| self.say(format!("{}  {line}", at + 1)))
    }

    fn stores(&mut self) -> Result<(), Report> {
        let places = self.context.store_places().into_iter();
        let row = |(name, place): (String, String)| {
            (format!("{}  {}", escape(&name), escape(&place)), Choice { store: Some(name), ..Choice::default() })
        };
        self.list("store", places.map(row).collect())
    }

    async fn images(&mut self, store: Option<String>) -> Result<(), Report> {
        let store = store.map(|store| self.chosen(&store, |choice| choice.store.as_ref()));
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        for source in &self.context.sources(store.as_deref())? {
            let listed = source.list(|row| {
                match row {
                    Ok(row) => {
                        let choice = Choice { image: Some(row.reference.clone()), ..Choice::default() };
                        rows.push((super::store::line(&row, 0), choice));
                    }
                    Err(unlisted) => failures.push(unlisted.report.while_doing(unlisted.reference)),
                }
                Ok(())
            });
            if let Err(report) = listed.await {
                failures.push(report);
            }
        }
        self.list("image", rows)?;
        failures.iter().for_each(|report| self.fail(report));
        Ok(())
    }

    async fn recipes(&mut self) -> Result<(), Report> {
        let cards = self.context.standings(&self.shelf).await?;
        let row = |card: RecipeCard| {
            let reference = card.reference.clone().unwrap_or_else(|| "without a name".into());
            let base = card.base.as_ref().map(|base| format!(" on {}", escape(base))).unwrap_or_default();
            let line = format!("{}{base}, {}, {}", escape(&reference), escape(&card.shown), standing(&card));
            let image = card.reference.map(|reference| format!("local/{reference}"));
            let recipe = Some(card.file.display().to_string());
            (line, Choice { recipe, image, bake: card.bake, store: None })
        };
        self.list("recipe", cards.into_iter().map(row).collect())
    }

    fn bakes(&mut self) -> Result<(), Report> {
        let row = |row: ShelfRow| {
            let image = row.digest.as_ref().map(|_| format!("local/{}", row.reference));
            let line = super::bakes::line(&row, (0, 0), false);
            (line, Choice { bake: Some(row.bake), image, ..Choice::default() })
        };
        let rows = self.shelf.list()?.into_iter().map(row).collect();
        self.list("bake", rows)
    }
}

fn standing(card: &RecipeCard) -> String {
    match &card.standing {
        Standing::Broken => count(card.errors() as u64, "error"),
        Standing::Baking => "being baked".into(),
        Standing::Rejected => {
            format!("rejected by {}", escape(card.rejected_by.as_deref().unwrap_or("a check")))
        }
        Standing::Failed => format!("failed: {}", escape(card.failure.as_deref().unwrap_or("no reason known"))),
        Standing::NeverBaked => "never baked".into(),
        Standing::Baked => "baked".into(),
    }
}
