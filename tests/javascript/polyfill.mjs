// js-libp2p is made for Node.js 22 and later; this is all that 20 lacks of what is used here.
Promise.withResolvers ??= function withResolvers () {
  const parts = {}
  parts.promise = new this((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}
