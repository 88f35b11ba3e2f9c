<?php

declare(strict_types=1);

namespace Countersign;

/** What was passed cannot be signed. */
final class InputError extends \InvalidArgumentException
{
}
