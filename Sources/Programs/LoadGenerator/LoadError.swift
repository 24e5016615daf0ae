/// Why a run could not be made.
package enum LoadError: Error, CustomStringConvertible {
  case tls(String)
  case connect(String)
  case refused(device: Int, code: UInt8)
  case timedOut(connected: Int, of: Int)
  case plan(String)

  package var description: String {
    switch self {
    case .tls(let what): "TLS: \(what)"
    case .connect(let what): "connect: \(what)"
    case .refused(let device, let code): "device \(LoadPlan.deviceName(device)) was refused with code \(code)"
    case .timedOut(let connected, let all): "only \(connected) of \(all) connected within four minutes"
    case .plan(let what): "plan: \(what)"
    }
  }
}
