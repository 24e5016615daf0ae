import Foundation
import TestSupport
import Testing

@Suite("A program that a test starts", .timeLimit(.minutes(10)))
struct ChildProgramTests {
  private func shell(_ script: String, _ environment: [String: String] = [:]) -> ChildProgram.Order {
    ChildProgram.Order("sh", ["-c", script], environment: environment)
  }

  @Test("gives its status, both outputs and its variables; its input is empty")
  func outcome() async throws {
    let outcome = try await ChildProgram.run(shell("cat; echo $A; echo b >&2; exit 3", ["A": "a b"]))
    #expect(outcome.end == .exited(3))
    #expect(outcome.output == "a b\nb\n")
    #expect(!outcome.isSuccess)
  }

  @Test("runs in the folder it was given")
  func folder() async throws {
    let outcome = try await ChildProgram.run(ChildProgram.Order("pwd", folder: "/usr/bin"))
    #expect(outcome.output == "/usr/bin\n")
  }

  @Test("that does not exist is named")
  func missing() async {
    for program in ["anju-no-such-program", "/no/such/program", "/etc/passwd"] {
      let error = await #expect(throws: ChildProgramError.self) {
        try await ChildProgram.run(ChildProgram.Order(program))
      }
      guard case .missing(program) = error else {
        Issue.record("\(program): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("begins with no signal blocked, so that it hears SIGTERM")
  func signals() async throws {
    let child = try await ChildProgram.start(shell("echo begun; exec sleep 1000"))
    try await child.wrote("begun")
    child.send(signal: SIGTERM)
    #expect(try await child.ended().end == .signalled(SIGTERM))
    // What comes too late hits nobody.
    child.send(signal: SIGTERM)
    #expect(await child.kill() == .signalled(SIGTERM))
  }

  @Test("is killed with what it started when the body throws")
  func thrown() async throws {
    struct Stop: Error {}
    let child = try await ChildProgram.start(shell("sleep 1000 & echo $!; wait"))
    let inner = try #require(pid_t(try await child.wrote("\n").trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(kill(inner, 0) == 0)
    await #expect(throws: Stop.self) { try await child.during { throw Stop() } }
    #expect(!child.isRunning)
    // Whoever adopts the inner program collects it a moment later.
    let status = "/proc/\(inner)/stat"
    try await until { (try? String(contentsOfFile: status, encoding: .utf8))?.contains(") Z ") ?? true }
  }

  @Test("that takes too long is killed, and so is one whose test is cancelled")
  func tooLong() async throws {
    let error = await #expect(throws: ChildProgramError.self) {
      try await ChildProgram.run(shell("echo said; sleep 1000"), secondsMax: 1)
    }
    guard case .tooLong(output: "said\n") = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let child = try await ChildProgram.start(shell("sleep 1000"))
    let waiting = Task { try await child.ended() }
    waiting.cancel()
    await #expect(throws: ChildProgramError.self) { try await waiting.value }
    #expect(!child.isRunning)
  }

  @Test("that ends before it wrote what was waited for is told with what it wrote")
  func silent() async throws {
    let child = try await ChildProgram.start(shell("echo other; exit 4"))
    let error = await #expect(throws: ChildProgramError.self) { try await child.wrote("ready") }
    guard case .ended(.exited(4), output: "other\n") = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("gets no descriptor of another one, so that a lifeline ends with the tests")
  func descriptors() async throws {
    let server = try await ChildProgram.start(
      ChildProgram.Order("sh", ["-c", "echo begun; cat"], hasLifeline: true))
    try await server.wrote("begun")
    // The fourth is the folder that `ls` reads.
    #expect(try await ChildProgram.run(ChildProgram.Order("ls", ["/proc/self/fd"])).output == "0\n1\n2\n3\n")
    #expect(server.isRunning)
    await server.kill()
  }
}
