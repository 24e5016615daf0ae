import Foundation
import Glibc

/// Looks for texts that must not be anywhere.
enum Canary {
  /// All plain files below a folder: stores, their write-ahead logs, logs, keys. No sockets.
  static func files(below folder: URL) throws -> [URL] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).map { folder.appending(path: $0) }.filter { file in
      (try? file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
    }
  }

  /// What of the texts is in the memory that a process may write, each with how often.
  ///
  /// - Returns: nil when this user may not read it: then nobody of this user's may.
  static func found(_ texts: [String: [UInt8]], inMemoryOf process: Int32) -> [String: Int]? {
    let memory = open("/proc/\(process)/mem", O_RDONLY | O_CLOEXEC)
    guard memory >= 0, let maps = try? String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8) else {
      if memory >= 0 { close(memory) }
      return nil
    }
    defer { close(memory) }
    var counts: [String: Int] = [:]
    var buffer = [UInt8](repeating: 0, count: 4 << 20)
    let overlap = 256
    for line in maps.split(separator: "\n") {
      let fields = line.split(separator: " ")
      let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard fields.count > 1, fields[1].hasPrefix("rw"), ends.count == 2 else { continue }
      var place = ends[0]
      while place < ends[1] {
        let count = pread(memory, &buffer, min(buffer.count, Int(ends[1] - place)), off_t(place))
        guard count > 0 else { break }
        buffer.withUnsafeBytes { bytes in
          for (name, text) in texts { counts[name, default: 0] += occurrences(of: text, in: bytes.prefix(count)) }
        }
        place += UInt64(count > overlap && place + UInt64(count) < ends[1] ? count - overlap : count)
      }
    }
    return counts.filter { $0.value > 0 }
  }

  /// Looks for the text's first byte that is not zero, of which memory is full, and compares there.
  private static func occurrences(of text: [UInt8], in bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    guard let anchor = text.firstIndex(where: { $0 != 0 }), let start = bytes.base.baseAddress else { return 0 }
    var (count, place) = (0, 0)
    while place < bytes.count, let found = memchr(start + place, Int32(text[anchor]), bytes.count - place) {
      let begin = UnsafeRawPointer(found) - start - anchor
      place = begin + anchor + 1
      guard begin >= 0, begin + text.count <= bytes.count else { continue }
      if memcmp(start + begin, text, text.count) == 0 { count += 1 }
    }
    return count
  }
}
