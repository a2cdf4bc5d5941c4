// Asking the server. What it refuses becomes an Error with the words to show, and the status; none: it was not reached.
import { t } from "./words.js";

const csrf = () => document.querySelector("meta[name=csrf]");
const who = (page) => page.querySelector(".who span")?.firstChild.textContent.trim();

async function fetched(address, options) {
  const answer = await fetch(address, options).catch(() => {
    throw new Error(t("the server is not reached", "连接不上服务器"));
  });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  const words = answer.status === 401 ? t("you are logged out", "登录已失效") : said.detail || `${answer.status} ${answer.statusText}`;
  throw Object.assign(new Error(words), { status: answer.status });
}
function get(path, values) {
  return fetched(`/api/studio/${path}?${new URLSearchParams(values)}`);
}
async function post(path, body) {
  const sent = () => fetched(`/api/studio/${path}`, { method: "POST", headers: { "content-type": "application/json", "x-csrf-token": csrf().content }, body: JSON.stringify(body) });
  return sent().catch(async (error) => {
    if (error.status !== 403 || !(await renewed())) throw error;
    return sent();
  });
}
// Who has logged in anew has another token, which every page tells. Nobody writes in another's name.
async function renewed() {
  const answer = await fetched("/studio", { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector("meta[name=csrf]")?.content;
  if (who(page) !== who(document)) throw Object.assign(new Error(t(`log in as ${who(document)}`, `请以 ${who(document)} 登录`)), { status: 401 });
  const other = token !== csrf().content;
  csrf().content = token;
  return other;
}
export async function ask(path, values) {
  return (await get(path, values)).json();
}
export async function send(path, body) {
  return (await post(path, body)).json();
}
export async function fragment(path, values, body) {
  return (await (body ? post(path, body) : get(path, values))).text();
}
// Puts what the server says, or why it does not, in a place of the page.
export async function fill(place, path, values, body) {
  try {
    place.innerHTML = await fragment(path, values, body);
  } catch (error) {
    place.textContent = error.message;
  }
}
