<?php

declare(strict_types=1);

namespace Countersign;

/** A request is not from Countersign, or not from now. */
final class Refused extends \RuntimeException
{
    /** @param string $reason proof_missing, proof_malformed, proof_mismatch, token_expired or token_early */
    public function __construct(public readonly string $reason, string $message)
    {
        parent::__construct("refused $reason: $message");
    }
}
