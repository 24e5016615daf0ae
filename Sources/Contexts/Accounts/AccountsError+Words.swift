import Kernel

extension AccountsError {
  package var code: String {
    switch self {
    case .denied: "permission.missing"
    case .store(.full): "store.full"
    case .store(.unavailable): "store.unavailable"
    case .store(.broken): "store.broken"
    case .signInFailed: "signIn.failed"
    case .locked: "signIn.locked"
    case .tooManyAttempts: "signIn.tooManyAttempts"
    case .busy: "signIn.busy"
    case .notAPerson: "account.notAPerson"
    case .passwordWrong: "password.wrong"
    case .passwordWeak: "password.weak"
    case .nameTaken: "account.nameTaken"
    case .fieldInvalid: "account.fieldInvalid"
    case .accountUnknown: "account.unknown"
    case .sessionUnknown: "session.unknown"
    case .keyUnknown: "apiKey.unknown"
    case .permissionsExceed: "apiKey.permissionsExceed"
    case .lastAdministrator: "account.lastAdministrator"
    case .alreadySetUp: "accounts.alreadySetUp"
    case .tooMany: "accounts.tooMany"
    case .stale: "account.stale"
    case .cursorInvalid: "cursor.invalid"
    }
  }

  package var reason: String {
    switch self {
    case .denied(let permission): "The permission \(permission.rawValue) is missing."
    case .store(.full): "The disk is full."
    case .store(.unavailable): "The store is busy."
    case .store(.broken): "The store failed."
    case .signInFailed: "The name or the password is wrong."
    case .locked: "The account is locked after wrong passwords."
    case .tooManyAttempts: "There were too many wrong sign-ins from this address."
    case .busy: "Too many sign in at once."
    case .notAPerson: "Only a person who signed in with a password may do this."
    case .passwordWrong: "The present password is wrong."
    case .passwordWeak(let problem): "The password \(problem)."
    case .nameTaken(let name): "The name \(name) is taken."
    case .fieldInvalid(let field, let problem): "\(field) \(problem)."
    case .accountUnknown: "There is no such account."
    case .sessionUnknown: "There is no such session."
    case .keyUnknown: "There is no such API key."
    case .permissionsExceed(let permissions):
      "You do not have these permissions yourself: \(permissions.map(\.rawValue).sorted().joined(separator: ", "))."
    case .lastAdministrator: "This is the last active administrator."
    case .alreadySetUp: "There are accounts already."
    case .tooMany(let what, let max): "There are \(max) \(what) already, the most there may be."
    case .stale(let current): "The record changed; it is at version \(current) now."
    case .cursorInvalid: "The cursor was not given by this list."
    }
  }

  package var remedy: String {
    switch self {
    case .denied, .permissionsExceed: "Ask an administrator for the permission."
    case .store(.full): "Free space on the server's disk."
    case .store(.unavailable), .busy: "Try again in a moment."
    case .store(.broken): "Ask the operator to look into the server's log."
    case .signInFailed: "Check both and try again; an administrator can set a new password."
    case .locked(let seconds), .tooManyAttempts(let seconds):
      "Wait \(seconds) seconds, or ask an administrator to unlock the account."
    case .notAPerson: "Sign in with a name and password."
    case .passwordWrong: "Enter the password you signed in with."
    case .passwordWeak: "Choose a longer password, for example four words."
    case .nameTaken: "Choose another name."
    case .fieldInvalid: "Correct the field."
    case .accountUnknown, .sessionUnknown, .keyUnknown: "Read the list again."
    case .lastAdministrator: "Make another account administrator first."
    case .alreadySetUp: "Sign in with an existing account."
    case .tooMany: "Remove one that is not needed."
    case .stale: "Read it again and repeat the change."
    case .cursorInvalid: "Begin with the first page."
    }
  }
}
