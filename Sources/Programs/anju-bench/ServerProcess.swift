import Foundation

/// Anju's gateway in a process of its own, so that its CPU time and memory are its alone. It is the same program
/// (`anju-bench serve`) with the same parts as the server; it is asked over its standard input.
final class ServerProcess {
  let plainPort: UInt16
  let tlsPort: UInt16
  var processID: Int32 { process.processIdentifier }
  private let process = Process()
  private let questions = Pipe()
  private let answers: LineReader

  enum Failure: Error, CustomStringConvertible {
    case didNotStart(String)
    case lostMessages(stored: Int, acknowledged: Int)

    var description: String {
      switch self {
      case .didNotStart(let line): "the server did not start: \(line)"
      case .lostMessages(let stored, let acknowledged): "\(acknowledged) acknowledged but only \(stored) stored"
      }
    }
  }

  init(data: URL, certificates: BenchCertificates, devices: Int) throws {
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "serve", "--data", data.path, "--certificates", certificates.folder.path, "--devices", String(devices),
    ]
    process.standardInput = questions
    process.standardOutput = output
    try process.run()
    answers = LineReader(output.fileHandleForReading)
    // "ready <plain port> <TLS port>"
    let line = answers.next() ?? "it ended"
    let words = line.split(separator: " ")
    guard words.count == 3, words[0] == "ready", let plain = UInt16(words[1]), let tls = UInt16(words[2]) else {
      throw Failure.didNotStart(line)
    }
    plainPort = plain
    tlsPort = tls
  }

  /// Asks how many messages were committed, and stops the benchmark when one that was acknowledged is not there.
  func requireStored(atLeast acknowledged: Int) throws {
    questions.fileHandleForWriting.write(Data("stored\n".utf8))
    let stored = answers.next().flatMap { Int($0) } ?? 0
    guard stored >= acknowledged else {
      throw Failure.lostMessages(stored: stored, acknowledged: acknowledged)
    }
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }
}

/// Reads a pipe line by line.
final class LineReader {
  private let file: FileHandle
  private var pending = Data()

  init(_ file: FileHandle) { self.file = file }

  /// The next line without its end; nil at the end of the file.
  func next() -> String? {
    while true {
      if let end = pending.firstIndex(of: 10) {
        let line = String(decoding: pending[..<end], as: UTF8.self)
        pending = Data(pending[pending.index(after: end)...])
        return line
      }
      let more = file.availableData
      guard !more.isEmpty else { return nil }
      pending.append(more)
    }
  }
}
