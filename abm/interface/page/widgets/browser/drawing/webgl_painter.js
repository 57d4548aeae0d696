// Ties and organisations by WebGL2: positions kept in textures on the card, four bytes a month for each mark.

import { SMALLEST_MARKER } from "./camera.js";
import { FAINT, MANY_TIES, PASSES } from "./marks.js";
import { hexToRgb } from "./palette.js";

const ROW = 1024;

// No attributes: a vertex finds its mark in textures by its number, as software runs instances one by one.
const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform vec2 camera, size;
uniform float zoom, ratio, fade;
uniform sampler2D table, places;
uniform usampler2D states;
ivec2 cell(int number) { return ivec2(number % ${ROW}, number / ${ROW}); }
// Corners of two triangles, in the order 0 1 2, 2 1 3.
int corner(int number) { return number < 3 ? number : number == 3 ? 2 : number == 4 ? 1 : 3; }
`;

const TIE_VERTEX = `${HEAD}
uniform float floor_;
uniform bool is_thin;
out float across, half_;
out vec4 colour;
void main() {
  int each = is_thin ? 2 : 6;
  int number = gl_VertexID / each;
  int at_corner = is_thin ? gl_VertexID % 2 : corner(gl_VertexID % 6);
  vec4 ends = texelFetch(places, cell(number), 0);
  uvec4 state = texelFetch(states, cell(number), 0);
  float value = float(state.x), strength = float(state.y);
  if (value == 255.0) { gl_Position = vec4(2.0, 2.0, 0.0, 1.0); return; }
  float share = value / 254.0;
  float alpha = strength == 0.0 ? 0.05 : strength == 2.0 ? 0.95 : mix(floor_, 0.75, share) * (strength == 3.0 ? 0.3 : 1.0);
  half_ = 0.5 * (0.5 + 1.9 * share + (strength == 2.0 ? 1.0 : 0.0));
  vec2 from = (ends.xy - camera) * zoom, to = (ends.zw - camera) * zoom;
  vec2 along = to - from;
  vec2 side = length(along) > 0.0 ? normalize(vec2(-along.y, along.x)) : vec2(0.0, 1.0);
  across = (at_corner & 1) == 0 ? -half_ - 0.5 : half_ + 0.5;
  vec2 at = ((at_corner & 2) == 0 ? from : to) + side * across;
  if (is_thin) {
    at = at_corner == 0 ? from : to;
    alpha *= min(2.0 * half_, 1.0);
    across = 0.0;
    half_ = 1.0;
  }
  gl_Position = vec4(at / (0.5 * size) * vec2(1.0, -1.0), 0.0, 1.0);
  colour = vec4(texelFetch(table, ivec2(int(state.x), 0), 0).rgb, alpha * fade);
}`;

const TIE_FRAGMENT = `#version 300 es
precision highp float;
uniform float ratio;
in float across, half_;
in vec4 colour;
out vec4 painted;
void main() {
  float cover = clamp((half_ - abs(across)) * ratio + 0.5, 0.0, 1.0);
  painted = vec4(colour.rgb, 1.0) * colour.a * cover;
}`;

const NODE_VERTEX = `${HEAD}
uniform float growth, least, faint;
out vec2 at;
flat out float radius, alpha;
flat out int kind, flags;
flat out vec3 fill;
void main() {
  int number = gl_VertexID / 6, at_corner = corner(gl_VertexID % 6);
  vec4 mark = texelFetch(places, cell(number), 0);
  uvec4 state = texelFetch(states, cell(number), 0);
  vec2 centre = mark.xy;
  radius = max(mark.z * growth, least);
  kind = int(mark.w);
  flags = int(state.y);
  alpha = fade * (state.z == 0u ? faint : 1.0);
  fill = texelFetch(table, ivec2(int(state.x), 0), 0).rgb;
  at = (vec2(at_corner & 1, at_corner >> 1) * 2.0 - 1.0) * (1.25 * radius + 6.0);
  vec2 pixels = (centre - camera) * zoom + at;
  gl_Position = vec4(pixels / (0.5 * size) * vec2(1.0, -1.0), 0.0, 1.0);
}`;

// Distances to the edge of each marker, negative inside; y points down.
const NODE_FRAGMENT = `#version 300 es
precision highp float;
uniform float ratio;
uniform vec3 edge, ground, care, quiet;
in vec2 at;
flat in float radius, alpha;
flat in int kind, flags;
flat in vec3 fill;
out vec4 painted;
float polygon(vec2 p, int corners, float reach) {
  float turn = 6.2831853 / float(corners);
  float angle = atan(p.y, p.x);
  angle = mod(angle + 0.5 * turn, turn) - 0.5 * turn;
  return length(p) * cos(angle) - reach * cos(0.5 * turn);
}
float triangle(vec2 p, float r) {
  vec2 n = normalize(vec2(2.0, -1.14));
  return max(dot(vec2(abs(p.x), p.y) - vec2(0.0, -1.2 * r), n), p.y - 0.8 * r);
}
float distance_(float r) {
  if (kind == 0) { vec2 q = abs(at); return max(q.x, q.y) - 0.9 * r; }
  if (kind == 1) { vec2 q = abs(at); return (q.x + q.y - 1.2 * r) * 0.70710678; }
  if (kind == 2) return triangle(at, r);
  if (kind == 4) { vec2 q = vec2(at.x, at.y); return polygon(vec2(q.y, q.x), 6, 1.08 * r) ; }
  return length(at) - r;
}
float cover(float d) { return clamp(0.5 - d * ratio, 0.0, 1.0); }
void main() {
  bool is_closed = (flags & 2) != 0;
  float r = is_closed ? 0.6 * radius : radius;
  float wide = radius < 3.0 ? 0.4 : 1.0;
  float d = distance_(r);
  vec3 inside = is_closed ? ground : fill;
  vec3 rim = is_closed ? quiet : edge;
  float body = cover(d - 0.5 * wide), core = cover(d + 0.5 * wide);
  vec3 colour = mix(rim, inside, core);
  float shown = body;
  if ((flags & 1) != 0 && !is_closed) {
    float scale = min(1.0, radius / 5.0);
    float away = abs(length(at) - radius - 3.0 * scale) - scale;
    float ring = cover(away) * (1.0 - body);
    colour = mix(colour, care, ring / max(ring + shown, 1e-4));
    shown = shown + ring;
  }
  painted = vec4(colour, 1.0) * shown * alpha;
}`;

export class WebglPainter {
  // Throws where the browser has no WebGL2.
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
    if (!gl) throw new Error("no WebGL2");
    this.gl = gl;
    this.name = "webgl2";
    this.tieProgram = program(gl, TIE_VERTEX, TIE_FRAGMENT);
    this.nodeProgram = program(gl, NODE_VERTEX, NODE_FRAGMENT);
    this.textures = {};
    for (const name of ["table", "ties", "tieStates", "nodes", "nodeStates"]) this.textures[name] = gl.createTexture();
    this.arrays = gl.createVertexArray();
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.shown = null;
  }

  // Keep four numbers a mark in a texture.
  fill(name, data) {
    const { gl } = this;
    const height = Math.max(Math.ceil(data.length / 4 / ROW), 1);
    const padded = new data.constructor(4 * ROW * height);
    padded.set(data);
    gl.bindTexture(gl.TEXTURE_2D, this.textures[name]);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    if (data instanceof Float32Array) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, ROW, height, 0, gl.RGBA, gl.FLOAT, padded);
    } else {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8UI, ROW, height, 0, gl.RGBA_INTEGER, gl.UNSIGNED_BYTE, padded);
    }
  }

  // Organisations go place by place, so that those of a place out of sight are passed over together.
  setPlace(place) {
    this.rows = Uint32Array.from(place.membersOf.flat());
    this.starts = [0];
    for (const members of place.membersOf) this.starts.push(this.starts.at(-1) + members.length);
    const nodes = new Float32Array(4 * place.organisations);
    this.rows.forEach((row, index) => {
      nodes.set([place.position[2 * row], place.position[2 * row + 1], place.radius[row], place.kind[row]], 4 * index);
    });
    this.fill("nodes", nodes);
    this.shown = null;
  }

  setTies(place, rows) {
    const ends = new Float32Array(4 * rows.length);
    rows.forEach((tie, index) => {
      for (const side of [0, 1]) {
        const row = place.ends[2 * tie + side];
        ends[4 * index + 2 * side] = place.position[2 * row];
        ends[4 * index + 2 * side + 1] = place.position[2 * row + 1];
      }
    });
    this.shown = rows;
    this.ordered = rows;
    this.ends = ends;
  }

  // Put what is stronger later, so that one call draws all in the right order.
  order(tieStrength) {
    const rank = new Uint8Array(4);
    PASSES.forEach((strength, index) => {
      rank[strength] = index;
    });
    const count = new Uint32Array(PASSES.length + 1);
    for (const tie of this.shown) count[rank[tieStrength[tie]] + 1] += 1;
    if (count.subarray(1).some((number) => number === this.shown.length)) {
      this.fill("ties", this.ends);
      this.ordered = this.shown;
      return;
    }
    for (let index = 1; index < count.length; index += 1) count[index] += count[index - 1];
    const ordered = new Uint32Array(this.shown.length);
    const ends = new Float32Array(4 * this.shown.length);
    this.shown.forEach((tie, index) => {
      const at = count[rank[tieStrength[tie]]]++;
      ordered[at] = tie;
      ends.set(this.ends.subarray(4 * index, 4 * index + 4), 4 * at);
    });
    this.ordered = ordered;
    this.fill("ties", ends);
  }

  // What a month, a selection or a theme changes.
  setValues({ place, values, strength, tieStrength, table }) {
    const { gl } = this;
    const nodes = new Uint8Array(4 * place.organisations);
    for (let index = 0; index < this.rows.length; index += 1) {
      const row = this.rows[index];
      nodes[4 * index] = values.trust[row];
      nodes[4 * index + 1] = values.flags[row];
      nodes[4 * index + 2] = strength[row];
    }
    this.fill("nodeStates", nodes);
    if (this.orderedBy !== tieStrength || this.orderedFor !== this.shown) this.order(tieStrength);
    this.orderedBy = tieStrength;
    this.orderedFor = this.shown;
    const { ordered } = this;
    const ties = new Uint8Array(4 * ordered.length);
    for (let index = 0; index < ordered.length; index += 1) {
      ties[4 * index] = values.tieTrust[ordered[index]];
      ties[4 * index + 1] = tieStrength[ordered[index]];
    }
    this.fill("tieStates", ties);
    gl.bindTexture(gl.TEXTURE_2D, this.textures.table);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, table);
  }

  draw(scene) {
    const { gl } = this;
    const { camera, theme, ratio } = scene;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindVertexArray(this.arrays);
    const shared = (uniforms, places, states) => {
      [["table", "table"], ["places", places], ["states", states]].forEach(([uniform, name], unit) => {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, this.textures[name]);
        gl.uniform1i(uniforms[uniform], unit);
      });
      gl.activeTexture(gl.TEXTURE0);
      gl.uniform2f(uniforms.camera, camera.x, camera.y);
      gl.uniform2f(uniforms.size, camera.width, camera.height);
      gl.uniform1f(uniforms.zoom, camera.zoom);
      gl.uniform1f(uniforms.ratio, ratio);
    };
    if (this.shown.length && scene.tieFade > 0) {
      const { uniforms } = this.tieProgram;
      gl.useProgram(this.tieProgram.program);
      shared(uniforms, "ties", "tieStates");
      gl.uniform1f(uniforms.fade, scene.tieFade);
      gl.uniform1f(uniforms.floor_, theme.tieFloor);
      const isThin = this.shown.length > MANY_TIES;
      gl.uniform1i(uniforms.is_thin, isThin);
      gl.drawArrays(isThin ? gl.LINES : gl.TRIANGLES, 0, (isThin ? 2 : 6) * this.shown.length);
    }
    if (scene.detail > 0) {
      const { uniforms } = this.nodeProgram;
      gl.useProgram(this.nodeProgram.program);
      shared(uniforms, "nodes", "nodeStates");
      gl.uniform1f(uniforms.fade, scene.detail);
      gl.uniform1f(uniforms.growth, camera.growth);
      gl.uniform1f(uniforms.least, SMALLEST_MARKER);
      gl.uniform1f(uniforms.faint, FAINT);
      for (const name of ["edge", "ground", "care", "quiet"]) {
        gl.uniform3fv(uniforms[name], hexToRgb(theme[name]).map((part) => part / 255));
      }
      for (const number of scene.placesInSight) {
        gl.drawArrays(gl.TRIANGLES, 6 * this.starts[number], 6 * (this.starts[number + 1] - this.starts[number]));
      }
    }
    gl.bindVertexArray(null);
  }

  // Read a pixel, which waits for all.
  finish() {
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  release() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

function program(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  const uniforms = {};
  for (let i = 0; i < gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS); i += 1) {
    const { name } = gl.getActiveUniform(made, i);
    uniforms[name] = gl.getUniformLocation(made, name);
  }
  return { program: made, uniforms };
}
