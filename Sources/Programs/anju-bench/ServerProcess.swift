import Foundation
import Glibc

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
    case notTaken(answer: String, devices: Int)

    var description: String {
      switch self {
      case .didNotStart(let line): "the server did not start: \(line)"
      case .lostMessages(let stored, let acknowledged): "\(acknowledged) acknowledged but only \(stored) stored"
      case .notTaken(let answer, let devices):
        "of \(devices) devices \(answer) (devices with readable values, rejected readings)"
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
    let stored = Int(ask("stored")) ?? 0
    guard stored >= acknowledged else {
      throw Failure.lostMessages(stored: stored, acknowledged: acknowledged)
    }
  }

  /// Stops the benchmark unless the last values of `devices` devices can be read and no reading was rejected: figures
  /// of messages that are thrown away say nothing.
  func requireTaken(from devices: Int) throws {
    let answer = ask("taken")
    let words = answer.split(separator: " ").compactMap { Int($0) }
    guard words.count == 2, words[0] >= devices, words[1] == 0 else {
      throw Failure.notTaken(answer: answer, devices: devices)
    }
  }

  /// Stops the benchmark unless each acknowledged alarm has been handled; waits ten seconds for the last.
  func requireAlarms(atLeast acknowledged: Int) throws {
    var handled = 0
    for _ in 0..<100 {
      handled = Int(ask("alarms")) ?? 0
      if handled >= acknowledged { return }
      usleep(100_000)
    }
    throw Failure.lostMessages(stored: handled, acknowledged: acknowledged)
  }

  private func ask(_ question: String) -> String {
    questions.fileHandleForWriting.write(Data("\(question)\n".utf8))
    return answers.next() ?? "it ended"
  }

  func stop() {
    // Not by SIGTERM: a child inherits the signals that the spawning thread blocks.
    kill(processID, SIGKILL)
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
