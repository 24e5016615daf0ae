import Glibc
import SecureElement
import SoftElement

/// The software secure element: a process that keeps a device's keys and nothing else.
///
/// It reads its arguments by hand: what a process that holds keys does not link can not go wrong in it.
@main
struct AnjuElement {
  private static let usage = """
    usage: anju-element serve --folder FOLDER --secret FILE (--socket PATH [--user UID] | --pipes)
                              [--check-first] [--check-every SECONDS]
           anju-element prove open|execute|fault

      --folder       where the keys lie, sealed; made when it is not there
      --secret       the device secret, 32 bytes; made when it is not there. Keep it where the folder is not.
      --user         whose programs may call; without it those of the element's own user
      --check-first  all 15 tests of 20 million random bits before the first call is taken; without it meanwhile
      --check-every  seconds between two periodic checks, 1 to 43200; 3600 without it

    """

  static func main() {
    var arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.isEmpty ? "" : arguments.removeFirst() {
    case "serve":
      guard let program = program(arguments) else { end(usage, status: 64) }
      do throws(SecureElementError) {
        try program.run()
      } catch {
        end("anju-element: ended: \(error) (\(error.rawValue))\n", status: 1)
      }
    case "prove":
      guard arguments.count == 1, let proof = ElementProgram.Proof(rawValue: arguments[0]) else {
        end(usage, status: 64)
      }
      try? ElementProgram.prove(proof)
      end("anju-element: it could be done\n", status: 1)
    default: end(usage, status: 64)
    }
  }

  /// - Returns: nil for arguments that are unknown, missing or given twice.
  private static func program(_ arguments: [String]) -> ElementProgram? {
    var values: [String: String] = [:]
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard values[name] == nil else { return nil }
      switch name {
      case "--pipes", "--check-first": values[name] = ""
      case "--folder", "--secret", "--socket", "--user", "--check-every":
        guard let value = rest.popFirst() else { return nil }
        values[name] = value
      default: return nil
      }
    }
    guard let folder = values["--folder"], let secret = values["--secret"],
      (values["--socket"] == nil) != (values["--pipes"] == nil)
    else { return nil }
    let door = values["--socket"].map { ElementProgram.Door.socket($0) } ?? .pipes
    var program = ElementProgram(folder: folder, secret: secret, door: door)
    program.checksFirst = values["--check-first"] != nil
    if let text = values["--user"] {
      guard let user = UInt32(text) else { return nil }
      program.user = user
    }
    if let text = values["--check-every"] {
      guard let seconds = Int(text), (1...43_200).contains(seconds) else { return nil }
      program.checkPeriodSeconds = seconds
    }
    return program
  }

  private static func end(_ text: String, status: Int32) -> Never {
    _ = text.withCString { write(2, $0, strlen($0)) }
    exit(status)
  }
}
