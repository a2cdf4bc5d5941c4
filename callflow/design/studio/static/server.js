// Asking the server. What it refuses becomes an Error with the words to show, and the status.
const csrf = document.querySelector("meta[name=csrf]").content;
const at = (path, values) => `/api/studio/${path}?${new URLSearchParams(values)}`;

async function answered(answer) {
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({ detail: answer.statusText }));
  throw Object.assign(new Error(typeof said.detail === "string" ? said.detail : answer.statusText), { status: answer.status });
}
export async function ask(path, values) {
  return (await answered(await fetch(at(path, values)))).json();
}
export async function fragment(path, values, body) {
  return (await answered(await (body ? post(path, body) : fetch(at(path, values))))).text();
}
export async function send(path, body, leaving = false) {
  return (await answered(await post(path, body, leaving))).json();
}
function post(path, body, keepalive = false) {
  return fetch(`/api/studio/${path}`, { method: "POST", keepalive, headers: { "content-type": "application/json", "x-csrf-token": csrf }, body: JSON.stringify(body) });
}
