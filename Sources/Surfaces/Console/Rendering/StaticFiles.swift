import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The files that pages are made of, read once: the program's own and the collected ones (scripts/assets).
struct StaticFiles: Sendable {
  struct File: Sendable {
    let bytes: ByteBuffer
    let gzipped: ByteBuffer?
    let type: String
    let tag: String
  }

  /// No page needs a larger one.
  static let fileBytesMax = 4 * 1_024 * 1_024

  private let files: [String: File]
  /// Changes when a file does: part of the addresses, so that browsers may keep the files for good.
  let version: String

  /// - Parameter folders: what stands under which first part of the path, as `["static": …, "vendor": …]`.
  /// - Throws: when a folder cannot be read.
  init(folders: [String: URL]) throws {
    var files: [String: File] = [:]
    var digest = Digest()
    for (name, folder) in folders.sorted(by: { $0.key < $1.key }) {
      for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() {
        guard let type = Self.types[URL(fileURLWithPath: path).pathExtension] else { continue }
        let bytes = try Data(contentsOf: folder.appendingPathComponent(path))
        guard bytes.count <= Self.fileBytesMax else { continue }
        let gzipped = try? Data(contentsOf: folder.appendingPathComponent(path + ".gz"))
        digest.add(Array("\(name)/\(path)".utf8))
        digest.add(bytes)
        var own = Digest()
        own.add(bytes)
        files["\(name)/\(path)"] = File(
          bytes: ByteBuffer(bytes: bytes), gzipped: gzipped.map { ByteBuffer(bytes: $0) }, type: type,
          tag: "\"\(own.text)\"")
      }
    }
    self.files = files
    self.version = digest.text
  }

  /// Answers `/static/<version>/css/base.css` for good and `/static/css/base.css` with an ETag; nil for no such file.
  func answer(_ request: Request) -> Response? {
    var parts = request.uri.path.split(separator: "/").map(String.init)
    let isVersioned = parts.count > 2 && parts[1] == version
    if isVersioned { parts.remove(at: 1) }
    guard let file = files[parts.joined(separator: "/")] else { return nil }
    var headers: HTTPFields = [
      .eTag: file.tag, .contentType: file.type, .vary: "Accept-Encoding",
      .cacheControl: isVersioned ? "public, max-age=31536000, immutable" : "public, max-age=3600",
    ]
    if request.headers[.ifNoneMatch] == file.tag { return Response(status: .notModified, headers: headers) }
    var bytes = file.bytes
    if let gzipped = file.gzipped, request.headers[.acceptEncoding]?.contains("gzip") == true {
      headers[.contentEncoding] = "gzip"
      bytes = gzipped
    }
    return Response(status: .ok, headers: headers, body: .init(byteBuffer: bytes))
  }

  private static let types = [
    "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    "woff2": "font/woff2", "png": "image/png",
  ]
}

/// FNV-1a of 64 bits: tells a changed file from an unchanged one; not for secrets.
private struct Digest {
  private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  var text: String { String(hash, radix: 16) }
}
