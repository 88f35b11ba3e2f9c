using System;

namespace Countersign
{
    /// <summary>What was passed cannot be signed.</summary>
    public sealed class InputException : ArgumentException
    {
        internal InputException(string message) : base(message)
        {
        }
    }

    /// <summary>A request is not from Countersign, or not from now.</summary>
    public sealed class RefusedException : Exception
    {
        internal RefusedException(string reason, string message) : base("refused " + reason + ": " + message)
        {
            Reason = reason;
        }

        /// <summary>proof_missing, proof_malformed, proof_mismatch, token_expired or token_early.</summary>
        public string Reason { get; private set; }
    }
}
