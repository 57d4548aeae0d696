// Write the summary in words until the picture is there.
export default {
  render({ model, el }) {
    const write = () => { el.textContent = `${model.get("title") || "Picture"}`; };
    model.on("change:title", write);
    write();
  },
};
