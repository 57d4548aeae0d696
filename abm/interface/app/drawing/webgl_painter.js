// Ties and organisations by WebGL2: an instance a mark, positions kept on the card, a byte or two a month for each.

import { SMALLEST_MARKER } from "./camera.js";
import { BETWEEN_PLACES } from "./focus.js";
import { FAINT, PASSES } from "./marks.js";
import { hexToRgb } from "./palette.js";

const HEAD = `#version 300 es
precision highp float;
uniform vec2 camera, size;
uniform float zoom, ratio, fade;
uniform sampler2D table;
`;

const TIE_VERTEX = `${HEAD}
layout(location = 0) in vec4 ends;
layout(location = 1) in uvec2 state;
uniform float pass_, floor_;
out float across, half_;
out vec4 colour;
void main() {
  float value = float(state.x), strength = float(state.y);
  if (value == 255.0 || strength != pass_) { gl_Position = vec4(2.0, 2.0, 0.0, 1.0); return; }
  float share = value / 254.0;
  float alpha = strength == 0.0 ? 0.05 : strength == 2.0 ? 0.95 : mix(floor_, 0.75, share) * (strength == 3.0 ? 0.3 : 1.0);
  half_ = 0.5 * (0.5 + 1.9 * share + (strength == 2.0 ? 1.0 : 0.0));
  vec2 from = (ends.xy - camera) * zoom, to = (ends.zw - camera) * zoom;
  vec2 along = to - from;
  vec2 side = length(along) > 0.0 ? normalize(vec2(-along.y, along.x)) : vec2(0.0, 1.0);
  across = (gl_VertexID & 1) == 0 ? -half_ - 0.75 : half_ + 0.75;
  vec2 at = ((gl_VertexID & 2) == 0 ? from : to) + side * across;
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
layout(location = 0) in vec2 centre;
layout(location = 1) in vec2 look;
layout(location = 2) in uvec3 state;
uniform float growth, least, faint;
out vec2 at;
flat out float radius, alpha;
flat out int kind, flags;
flat out vec3 fill;
void main() {
  radius = max(look.x * growth, least);
  kind = int(look.y);
  flags = int(state.y);
  alpha = fade * (state.z == 0u ? faint : 1.0);
  fill = texelFetch(table, ivec2(int(state.x), 0), 0).rgb;
  at = (vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0) * (1.25 * radius + 6.0);
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
    this.buffers = {};
    for (const name of ["ends", "tieState", "centre", "look", "nodeState"]) this.buffers[name] = gl.createBuffer();
    this.tieArrays = gl.createVertexArray();
    this.nodeArrays = gl.createVertexArray();
    this.bind(this.tieArrays, [["ends", 4, gl.FLOAT], ["tieState", 2, gl.UNSIGNED_BYTE]]);
    this.bind(this.nodeArrays, [["centre", 2, gl.FLOAT], ["look", 2, gl.FLOAT], ["nodeState", 3, gl.UNSIGNED_BYTE]]);
    this.table = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.table);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.shown = null;
  }

  bind(arrays, attributes) {
    const { gl } = this;
    gl.bindVertexArray(arrays);
    attributes.forEach(([name, size, type], location) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(location);
      if (type === gl.FLOAT) gl.vertexAttribPointer(location, size, type, false, 0, 0);
      else gl.vertexAttribIPointer(location, size, type, 0, 0);
      gl.vertexAttribDivisor(location, 1);
    });
    gl.bindVertexArray(null);
  }

  fill(name, data) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
  }

  setPlace(place) {
    const look = new Float32Array(2 * place.organisations);
    for (let row = 0; row < place.organisations; row += 1) {
      look[2 * row] = place.radius[row];
      look[2 * row + 1] = place.kind[row];
    }
    this.fill("centre", place.position);
    this.fill("look", look);
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
    this.fill("ends", ends);
    this.shown = rows;
  }

  // What a month, a selection or a theme changes.
  setValues({ place, values, strength, tieStrength, table }) {
    const { gl } = this;
    const nodes = new Uint8Array(3 * place.organisations);
    for (let row = 0; row < place.organisations; row += 1) {
      nodes[3 * row] = values.trust[row];
      nodes[3 * row + 1] = values.flags[row];
      nodes[3 * row + 2] = strength[row];
    }
    this.fill("nodeState", nodes);
    const ties = new Uint8Array(2 * this.shown.length);
    for (let index = 0; index < this.shown.length; index += 1) {
      ties[2 * index] = values.tieTrust[this.shown[index]];
      ties[2 * index + 1] = tieStrength[this.shown[index]];
    }
    this.fill("tieState", ties);
    gl.bindTexture(gl.TEXTURE_2D, this.table);
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
    const shared = (uniforms) => {
      gl.uniform2f(uniforms.camera, camera.x, camera.y);
      gl.uniform2f(uniforms.size, camera.width, camera.height);
      gl.uniform1f(uniforms.zoom, camera.zoom);
      gl.uniform1f(uniforms.ratio, ratio);
    };
    if (this.shown.length && scene.tieFade > 0) {
      const { uniforms } = this.tieProgram;
      gl.useProgram(this.tieProgram.program);
      shared(uniforms);
      gl.uniform1f(uniforms.fade, scene.tieFade);
      gl.uniform1f(uniforms.floor_, theme.tieFloor);
      gl.bindVertexArray(this.tieArrays);
      for (const pass of PASSES) {
        if (!scene.hasFocus && pass % 2 === 0) continue;
        if (pass === BETWEEN_PLACES && scene.place.places === 1) continue;
        gl.uniform1f(uniforms.pass_, pass);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.shown.length);
      }
    }
    if (scene.detail > 0) {
      const { uniforms } = this.nodeProgram;
      gl.useProgram(this.nodeProgram.program);
      shared(uniforms);
      gl.uniform1f(uniforms.fade, scene.detail);
      gl.uniform1f(uniforms.growth, camera.growth);
      gl.uniform1f(uniforms.least, SMALLEST_MARKER);
      gl.uniform1f(uniforms.faint, FAINT);
      for (const name of ["edge", "ground", "care", "quiet"]) {
        gl.uniform3fv(uniforms[name], hexToRgb(theme[name]).map((part) => part / 255));
      }
      gl.bindVertexArray(this.nodeArrays);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, scene.place.organisations);
    }
    gl.bindVertexArray(null);
  }

  // Wait until the pixels are there, for measurements.
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
