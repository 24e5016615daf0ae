import ArgumentParser
import Foundation
import Logging

/// `anju-bench serve`: what `ServerProcess` starts and measures. Not for use by hand.
///
/// It answers on standard output: "ready <plain port> <TLS port>" once it listens, and one line for each question on
/// standard input (`BenchServer.answer`). It ends with its standard input.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "The process that the other commands measure.", shouldDisplay: false)

  @Option(help: "A folder that does not exist yet, for the log and the databases.")
  var data: String

  @Option(help: "The folder with ca.pem, ca.key, server.pem and server.key.")
  var certificates: String

  @Option(help: "How many devices to register.")
  var devices: Int

  func run() async throws {
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = .error
      return handler
    }
    let server = try await BenchServer(
      data: URL(filePath: data), certificates: URL(filePath: certificates), devices: devices,
      logger: Logger(label: "bench.serve"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let (plain, tls) = try await server.listen()
      Self.say("ready \(plain) \(tls)")
      for await question in Self.questions() { Self.say(await server.answer(question)) }
      group.cancelAll()
    }
  }

  private static func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }

  /// The lines of standard input, read by a thread of its own; at most one is asked at a time.
  private static func questions() -> AsyncStream<String> {
    let (lines, line) = AsyncStream.makeStream(of: String.self)
    Thread.detachNewThread {
      while let text = readLine() { line.yield(text) }
      line.finish()
    }
    return lines
  }
}
