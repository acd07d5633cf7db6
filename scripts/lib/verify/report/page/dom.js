/** Elements, made without ever reading data as markup. */

const UNPRINTABLE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text in which nothing hides: unprintable characters are written out. */
export function visible(text) {
  return String(text).replace(
    UNPRINTABLE,
    (found) => `\\u${found.codePointAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * An element. Attributes that begin with `on` are listeners; true sets an attribute without value, false and undefined
 * leave it away. Children are elements or texts; undefined is left away.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : visible(value));
    }
  }
  for (const child of children.flat()) {
    if (child !== undefined) {
      element.append(child instanceof Node ? child : document.createTextNode(visible(child)));
    }
  }
  return element;
}

/** `1 cell`, `2 cells`. */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** Puts a text on the clipboard, also where the page is a file and may not. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el('textarea', { class: 'offscreen' });
    area.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (!copied) {
      throw new Error('the browser does not let the page copy');
    }
  }
}

/** A button that copies a text and says that it did. */
export function copyButton(label, text) {
  const button = el('button', { type: 'button', 'aria-live': 'polite' }, label);
  button.addEventListener('click', async () => {
    try {
      await copy(text());
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Select the text and copy it';
    }
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
  return button;
}

/** A button that saves a text as a file. */
export function downloadButton(label, name, text) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([text()], { type: 'application/sql' }));
    el('a', { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  return el('button', { type: 'button', onclick: save }, label);
}
