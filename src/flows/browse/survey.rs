//! A store's repositories and tags as they come in, cheaply: names only. Looks into single images when asked; judges
//! nothing.

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::list::{Listed, REPOSITORIES, Source, Unlisted};
use crate::adapters::store::StoreError;
use crate::domain::oci::{Repository, Tag};
use crate::report::{Kind, Report};

/// Names found in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Repositories, more may follow.
    Repositories(Vec<String>),
    /// All tags of a repository; attached signatures and the like are left out.
    Tags {
        /// Of this repository.
        repository: String,
        /// In the store's order.
        tags: Vec<String>,
    },
    /// The tags of a repository could not be read.
    Unreadable {
        /// Of this repository.
        repository: String,
        /// Why not.
        report: Report,
    },
}

impl Source {
    /// Finds repositories, then the tags of each, several at once; ends with an error where the store cannot be listed.
    pub fn survey(&self) -> BoxStream<'_, Result<Found, Report>> {
        // A page's names are there at once: they show before any of their tags.
        self.repositories().ready_chunks(PAGE).flat_map(|page| self.survey_page(page)).boxed()
    }

    /// The names of all repositories as they come in, as references into this store name them.
    pub(in crate::flows) fn names(&self) -> BoxStream<'_, Result<String, Report>> {
        self.repositories().map_ok(|name| self.named(&name)).err_into().boxed()
    }

    /// The tags of a repository as they come in; attached signatures and the like are left out.
    pub(in crate::flows) fn tag_names(&self, repository: Repository) -> BoxStream<'_, Result<String, Report>> {
        let tags = stream::once(self.tags_of(Ok(repository))).try_flatten();
        tags.map_ok(|(_, tag)| tag.to_string()).err_into().boxed()
    }

    fn survey_page(&self, page: Vec<Result<Repository, StoreError>>) -> BoxStream<'_, Result<Found, Report>> {
        let mut failure = None;
        let mut found = Vec::with_capacity(page.len());
        for repository in page {
            match repository {
                Ok(repository) => found.push(repository),
                Err(error) => failure = Some(Err(error.into())),
            }
        }
        let names = Found::Repositories(found.iter().map(ToString::to_string).collect());
        let tags = stream::iter(found).map(|repository| self.survey_tags(repository)).buffered(REPOSITORIES).map(Ok);
        stream::iter([Ok(names)]).chain(tags).chain(stream::iter(failure)).boxed()
    }

    async fn survey_tags(&self, repository: Repository) -> Found {
        let name = repository.to_string();
        let tags = async {
            let tags: Vec<(Repository, Tag)> = self.tags_of(Ok(repository)).await?.try_collect().await?;
            Ok::<_, StoreError>(tags.into_iter().map(|(_, tag)| tag.to_string()).collect())
        };
        match tags.await {
            Ok(tags) => Found::Tags { repository: name, tags },
            Err(error) => Found::Unreadable { repository: name, report: error.into() },
        }
    }

    /// Looks into one image.
    pub async fn look(&self, repository: &str, tag: &str) -> Result<Listed, Unlisted> {
        let unlisted = |report: Report| Unlisted { reference: format!("{repository}:{tag}"), report };
        let wrong = |error: &(dyn std::error::Error + 'static)| unlisted(Report::new(Kind::Usage, error));
        let name: Repository = repository.parse().map_err(|error| wrong(&error))?;
        let tag: Tag = tag.parse().map_err(|error| wrong(&error))?;
        self.row(Ok((name, tag))).await.unwrap_or_else(|report| Err(unlisted(report)))
    }
}

/// Names shown at once at most.
const PAGE: usize = 1000;
