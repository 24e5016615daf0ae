import CQREncode

/// A QR code as one SVG path, black on white in both themes: cameras want it so.
///
/// - Source: ISO/IEC 18004, by libqrencode.
struct QRCode: Sendable {
  /// Modules a side.
  let size: Int
  private let dark: [Bool]

  /// - Returns: nil for a text that does not fit.
  init?(_ text: String) {
    guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else { return nil }
    defer { QRcode_free(code) }
    size = Int(code.pointee.width)
    guard let data = code.pointee.data else { return nil }
    // The lowest bit of each byte says whether the module is dark.
    dark = (0..<size * size).map { data[$0] & 1 == 1 }
  }

  func isDark(_ x: Int, _ y: Int) -> Bool { dark[y * size + x] }

  /// With the quiet zone of four modules that the standard asks for.
  func svg(label: String) -> String {
    var path = ""
    for y in 0..<size {
      var x = 0
      while x < size {
        guard isDark(x, y) else {
          x += 1
          continue
        }
        let start = x
        while x < size, isDark(x, y) { x += 1 }
        path += "M\(start + 4) \(y + 4)h\(x - start)v1h-\(x - start)z"
      }
    }
    let side = size + 8
    return """
      <svg class="qr" viewBox="0 0 \(side) \(side)" role="img" aria-label="\(EscapedHTML.escape(label))" \
      shape-rendering="crispEdges"><path fill="#fff" d="M0 0h\(side)v\(side)h-\(side)z"/>\
      <path fill="#000" d="\(path)"/></svg>
      """
  }
}
