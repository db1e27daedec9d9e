import { connection, notFound, type Args, type View } from './connection.js';
import { searchItems } from './search.js';
import { findRepo, fullName, type GithubStore } from './store.js';
import { viewItem, viewRepo, viewUser } from './views.js';

export function viewRepoNamed(store: GithubStore, owner: string, name: string): View {
  const repo = findRepo(store, owner, name);
  if (repo === undefined)
    throw notFound(`Could not resolve to a Repository with the name '${owner}/${name}'.`);
  return viewRepo(store, repo);
}

export function viewOwner(store: GithubStore, login: string): View {
  const repos = [...store.repos.values()].filter(({ owner }) => owner === login);
  return {
    ...viewUser(login),
    repositories: (args: Args) => {
      const wanted = repos.filter(
        ({ isPrivate }) => !args['privacy'] || (args['privacy'] === 'PRIVATE') === isPrivate,
      );
      return connection(
        wanted.map((repo) => viewRepo(store, repo)),
        args,
      );
    },
    repository: (args: Args) => viewRepoNamed(store, login, args['name']),
  };
}

export function viewSearch(store: GithubStore, args: Args): Args {
  if (args['type'] === 'REPOSITORY') {
    const words = String(args['query']).split(' ');
    const found = [...store.repos.values()].filter((repo) =>
      words.every((word) => word.includes(':') || fullName(repo).includes(word)),
    );
    return connection(
      found.map((repo) => viewRepo(store, repo)),
      args,
    );
  }
  return connection(
    searchItems(store, args['query']).map(({ repo, item }) => viewItem(store, repo, item)),
    args,
  );
}
