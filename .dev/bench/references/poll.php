<?php
// What a PHP relay does at most for a poll: the reply lies ready in shared memory, found by the turn in the query.
$reply = apcu_fetch($_GET['turn'] ?? '');
if ($reply === false) {
    $reply = str_repeat('x', (int) getenv('BODY_BYTES'));
    apcu_store($_GET['turn'] ?? '', $reply);
}
header('Content-Type: application/json');
header('Cache-Control: no-store');
header('Content-Length: ' . strlen($reply));
echo $reply;
