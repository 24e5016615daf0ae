#if canImport(Glibc)
  import Glibc
#endif

/// What text files from spreadsheets are written in.
enum TextDecoding {
  /// The text as UTF-8 without a byte order mark: UTF-8 as it is, anything else as GB 18030 (GBK), which spreadsheets
  /// in China write.
  ///
  /// - Throws: `.notText` when it is neither, or UTF-16, or has a zero byte.
  static func utf8(_ bytes: [UInt8]) throws(CSVReader.Problem) -> [UInt8] {
    let body = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
    guard !body.contains(0) else { throw .notText }
    if String(validating: body, as: UTF8.self) != nil { return body }
    guard let text = converted(body, from: "GB18030") else { throw .notText }
    return text
  }

  private static func converted(_ bytes: [UInt8], from encoding: String) -> [UInt8]? {
    guard let converter = iconv_open("UTF-8", encoding), Int(bitPattern: converter) != -1 else { return nil }
    defer { iconv_close(converter) }
    var input = bytes.map { CChar(bitPattern: $0) }
    // A character of GB 18030 of one byte stays one byte, of two becomes three, of four at most four.
    var output = [CChar](repeating: 0, count: bytes.count * 2 + 4)
    let written: Int? = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        var (source, target) = (input.baseAddress, output.baseAddress)
        var (sourceLeft, targetLeft) = (input.count, output.count)
        let result = iconv(converter, &source, &sourceLeft, &target, &targetLeft)
        return result == -1 || sourceLeft > 0 ? nil : output.count - targetLeft
      }
    }
    return written.map { output[..<$0].map { UInt8(bitPattern: $0) } }
  }
}
