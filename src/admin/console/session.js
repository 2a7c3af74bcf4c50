// The token: kept by this tab alone, for as long as it is open.

const KEY = 'lockgate-token';

/** Takes the token of a link, `#token=…`, and removes it from the address and from history. */
export function takeFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  history.replaceState(null, '', location.pathname);
  remember(token);
}

export function remember(token) {
  sessionStorage.setItem(KEY, token.trim());
}

export function forget() {
  sessionStorage.removeItem(KEY);
}

export function token() {
  return sessionStorage.getItem(KEY);
}
