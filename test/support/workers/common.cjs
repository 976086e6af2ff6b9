// Exports that Node cannot read from the text.
module.exports = Object.assign({}, { main: async () => (await import("./plain.mjs")).default() })
