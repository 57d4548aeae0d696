// What a canvas can do, as far as the pictures need it, written down as SVG.

export class SvgContext {
  constructor(width, height, ground, font) {
    this.width = width;
    this.height = height;
    this.ground = ground;
    this.family = font;
    this.parts = [];
    this.path = "";
    Object.assign(this, {
      fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, globalAlpha: 1, lineCap: "butt", lineJoin: "miter",
      font: "12px sans-serif", textAlign: "start", dash: [],
    });
    this.ruler = document.createElement("canvas").getContext("2d");
  }

  beginPath() {
    this.path = "";
  }

  moveTo(x, y) {
    this.path += `M${round(x)} ${round(y)}`;
  }

  lineTo(x, y) {
    this.path += `L${round(x)} ${round(y)}`;
  }

  closePath() {
    this.path += "Z";
  }

  arc(x, y, radius, from, to) {
    const turn = Math.min(to - from, 2 * Math.PI - 1e-4);
    const point = (angle) => `${round(x + radius * Math.cos(angle))} ${round(y + radius * Math.sin(angle))}`;
    const size = `${round(radius)} ${round(radius)}`;
    const steps = turn > Math.PI ? [from, from + turn / 2, from + turn] : [from, from + turn];
    this.path += `M${point(steps[0])}`;
    for (const angle of steps.slice(1)) this.path += `A${size} 0 0 1 ${point(angle)}`;
    if (to - from >= 2 * Math.PI) this.path += "Z";
  }

  setLineDash(dash) {
    this.dash = dash;
  }

  fill() {
    this.add("path", `d="${this.path}" fill="${this.fillStyle}" fill-opacity="${round(this.globalAlpha)}"`);
  }

  stroke() {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    this.add(
      "path",
      `d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${round(this.lineWidth)}" ` +
        `stroke-opacity="${round(this.globalAlpha)}" stroke-linecap="${this.lineCap}" stroke-linejoin="${this.lineJoin}"${dash}`,
    );
  }

  measureText(text) {
    this.ruler.font = this.font;
    return this.ruler.measureText(text);
  }

  strokeText(text, x, y) {
    this.write(text, x, y, `fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}" stroke-linejoin="round"`);
  }

  fillText(text, x, y) {
    this.write(text, x, y, `fill="${this.fillStyle}"`);
  }

  write(text, x, y, look) {
    const [, weight, size] = this.font.match(/^(bold |600 )?(\d+(?:\.\d+)?)px/) ?? [null, "", "12"];
    const anchor = { center: "middle", right: "end" }[this.textAlign] ?? "start";
    const bold = weight ? ' font-weight="600"' : "";
    this.parts.push(
      `<text xml:space="preserve" x="${round(x)}" y="${round(y)}" font-size="${size}"${bold} text-anchor="${anchor}" ` +
        `opacity="${round(this.globalAlpha)}" ${look}>${escapeXml(text)}</text>`,
    );
  }

  add(tag, attributes) {
    this.parts.push(`<${tag} ${attributes}/>`);
  }

  text(title) {
    const { width, height } = this;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
        `font-family="${escapeXml(this.family)}" role="img">`,
      `<title>${escapeXml(title)}</title>`,
      `<rect width="100%" height="100%" fill="${this.ground}"/>`,
      ...this.parts,
      "</svg>",
    ].join("\n");
  }
}

export function escapeXml(text) {
  return String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
}

function round(number) {
  return Math.round(number * 100) / 100;
}
