// A text area with line numbers, colours, marks and notes. A copy of the text lies behind it, line by
// line; the area itself stays the browser's own: its undo, its keys, its voice for who cannot see.

import { el } from "./player.js";

const INDENT = "    ";
const WORDS = new Set(("False None True and as assert break class continue def del elif else except finally for from global if import in is lambda "
  + "nonlocal not or pass raise return try while with yield").split(" "));
const TOKEN = /(#.*$)|([rbuf]{0,2}(?:"""|''')[\s\S]*?(?:"""|'''|$)|[rbuf]{0,2}"(?:\\.|[^"\\])*"?|[rbuf]{0,2}'(?:\\.|[^'\\])*'?)|\b(\d[\w.]*)|([A-Za-z_]\w*)/g;
const QUOTES = /"""|'''/g;
const MARKS = { error: "✗", warning: "!", note: "·" };

// One line as coloured pieces; `open` is the quote that an earlier line left open.
function pieces(line, open) {
  const found = [], add = (text, kind) => text && found.push(kind ? el("span", { className: kind, textContent: text }) : text);
  let at = 0;
  if (open) {
    const end = line.indexOf(open);
    if (end < 0) return [[el("span", { className: "text", textContent: line })], open];
    at = end + 3;
    add(line.slice(0, at), "text");
    open = "";
  }
  TOKEN.lastIndex = at;
  for (let match; (match = TOKEN.exec(line)); ) {
    add(line.slice(at, match.index));
    const [whole, comment, text, number, word] = match;
    add(whole, comment ? "comment" : text ? "text" : number ? "number" : WORDS.has(word) ? "word" : "");
    at = match.index + whole.length;
    if (text) {
      const quotes = text.match(QUOTES);
      if (quotes?.length === 1) open = quotes[0];
    }
    if (!whole.length) break;
  }
  add(line.slice(at));
  return [found, open];
}

export class Editor {
  constructor(label, changed) {
    this.back = el("div", { className: "behind", ariaHidden: "true" });
    this.area = el("textarea", { spellcheck: false, ariaLabel: label, autocomplete: "off" });
    this.area.setAttribute("aria-describedby", "editor-help");
    this.node = el("div", { className: "code" }, this.back, this.area);
    this.lines = [];
    this.marks = new Map();
    this.ran = new Map();
    this.now = 0;
    this.leaving = false;
    this.area.addEventListener("input", () => { this.paint(); changed(); });
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("blur", () => (this.leaving = false));
  }
  get value() { return this.area.value; }
  set value(text) {
    this.area.value = text;
    this.paint();
  }
  // The marks of findings: [{ line, level }].
  mark(findings) {
    this.marks = new Map(findings.filter((one) => one.line).reverse().map((one) => [one.line, one.level]));
    this.paint();
  }
  // Lines that ran with what happened there, and the one that is looked at.
  trace(ran = new Map(), now = 0) {
    Object.assign(this, { ran, now });
    this.paint();
    this.back.children[now - 1]?.scrollIntoView({ block: "nearest" });
  }
  paint() {
    let open = "";
    const texts = this.value.split("\n");
    texts.forEach((text, i) => {
      const mark = this.marks.get(i + 1) ?? "", note = this.ran.get(i + 1), key = `${open}\n${text}\n${note ?? ""}`;
      let line = this.back.children[i];
      if (!line) line = this.back.appendChild(el("div"));
      if (this.lines[i]?.key !== key) {
        const [found, after] = pieces(text, open);
        this.lines[i] = { key, after };
        line.replaceChildren(...found, ...(note ? [el("span", { className: "at-end", textContent: "   " + note })] : []), "\n");
      }
      open = this.lines[i].after;
      const kind = `line ${mark}${note !== undefined ? " ran" : ""}${this.now === i + 1 ? " now" : ""}`;
      if (line.className === kind) return;
      line.className = kind;
      line.dataset.mark = MARKS[mark] ?? "";
    });
    while (this.back.children.length > texts.length) this.back.lastChild.remove();
    this.lines.length = texts.length;
  }
  go(line) {
    const lines = this.value.split("\n"), at = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(at, at + (lines[line - 1] ?? "").length);
    this.back.children[line - 1]?.scrollIntoView({ block: "nearest" });
  }
  // Puts a text in the place of another so that it can be undone.
  put(text, from = this.area.selectionStart, to = this.area.selectionEnd) {
    this.area.setSelectionRange(from, to);
    if (document.execCommand(text ? "insertText" : "delete", false, text)) return;
    this.area.setRangeText(text, from, to, "end");
    this.area.dispatchEvent(new Event("input"));
  }
  // The lines that are chosen: where they begin, where they end, and themselves.
  chosen() {
    const { value, area: { selectionStart: a, selectionEnd: b } } = this, last = b > a && value[b - 1] === "\n" ? b - 1 : b;
    const from = value.lastIndexOf("\n", a - 1) + 1, next = value.indexOf("\n", last), to = next < 0 ? value.length : next;
    return { from, to, lines: value.slice(from, to).split("\n") };
  }
  change(each) {
    const { from, to, lines } = this.chosen(), text = lines.map(each).join("\n");
    if (text === lines.join("\n")) return;
    this.put(text, from, to);
    this.area.setSelectionRange(lines.length > 1 ? from : this.area.selectionStart, from + text.length);
  }
  key(event) {
    if (event.isComposing) return;
    const held = event.ctrlKey || event.metaKey, { selectionStart: a, selectionEnd: b } = this.area;
    const before = this.value.slice(0, a).split("\n").at(-1);
    const leaving = this.leaving;
    this.leaving = event.key === "Escape" || (leaving && event.key === "Shift");
    if (event.key === "Tab" && !leaving && !held && !event.altKey) {
      if (event.shiftKey) this.change((line) => line.replace(/^ {1,4}|^\t/, ""));
      else if (this.value.slice(a, b).includes("\n")) this.change((line) => line && INDENT + line);
      else this.put(" ".repeat(4 - before.length % 4));
    } else if (event.key === "Enter" && !held && !event.shiftKey && !event.altKey) {
      this.put("\n" + before.match(/^\s*/)[0] + (before.trimEnd().endsWith(":") ? INDENT : ""));
    } else if (event.key === "Backspace" && a === b && before && !before.trim() && !held && before.length % 4 === 0 && before.endsWith(INDENT)) {
      this.put("", a - 4, a);
    } else if (event.key === "/" && held) {
      const { lines } = this.chosen(), all = lines.every((line) => !line.trim() || /^\s*#/.test(line));
      this.change((line) => (all ? line.replace(/^(\s*)# ?/, "$1") : line.trim() ? line.replace(/^(\s*)/, "$1# ") : line));
    } else return;
    event.preventDefault();
  }
}
