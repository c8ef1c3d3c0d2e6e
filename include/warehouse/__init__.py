"""Knows our tables in MySQL and MariaDB; not where their rows came from."""
